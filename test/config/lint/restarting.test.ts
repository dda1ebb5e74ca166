import { describe, expect, test } from "vitest";
import { problemsOf, program, rulesFor } from "./found.ts";

const stays = ["worker-not-restarted autorestart"];
const patient = "stopwaitsecs=100";

describe("worker-not-restarted", () => {
  test.each([
    ["php artisan queue:work"],
    ["/usr/bin/php8.2 -d memory_limit=512M /srv/artisan queue:work --max-jobs=100"],
    ["php artisan horizon"],
    ["php artisan reverb:start"],
    ["php artisan pulse:work"],
    ["php bin/console messenger:consume async"],
    ["bin/console messenger:consume async -l 10"],
    ["bin/magento queue:consumers:start async --max-messages=1000"],
    ["bin/console oro:message-queue:consume --time-limit=+1hour"],
    ["bin/console rabbitmq:consumer -m 50 upload"],
    ["php worker.php --max-runtime=3600"],
    ["rq worker --burst"],
    ["python -m rq worker -b"],
    ["python manage.py rqworker default --max-jobs 10"],
    ["bundle exec rake resque:work QUEUE=* INTERVAL=0"],
    ["env INTERVAL=0 QUEUE=* rake resque:work"],
    ["airflow scheduler --num-runs 5"],
    ["uvicorn app:app --limit-max-requests 1000"],
    ["bash -c 'cd /srv && exec php artisan queue:work'"],
    ["nice -n 10 php artisan queue:work"],
    ["timeout 3600 php artisan queue:work"],
  ])("%s", (command) => {
    expect(rulesFor(program(command, patient))).toEqual(stays);
    expect(rulesFor(program(command, patient, "autorestart=unexpected"))).toEqual(stays);
    expect(rulesFor(program(command, patient, "autorestart=true"))).toEqual([]);
    expect(rulesFor(program(command, patient, "autorestart=false"))).toEqual([]);
    expect(rulesFor(program(command, patient, "exitcodes=2"))).toEqual([]);
  });

  test.each([
    ["php artisan queue:listen"],
    ["php artisan schedule:work"],
    ["celery -A shop worker --max-tasks-per-child=100 --time-limit=60"],
    ["rq worker high default"],
    ["bundle exec rake resque:work QUEUE=*"],
    ["bundle exec rake resque:work INTERVAL=5"],
    ["bin/magento queue:consumers:start async"],
    ["php worker.php --max-jobs=0"],
    ["airflow scheduler"],
    ["uvicorn app:app --workers 4 --limit-max-requests 1000"],
    ["gunicorn app:app --max-requests 1000"],
    ["arq worker.Settings --max-jobs 10"],
    ["/opt/worker --limit 10"],
    ["php 'artisan queue:work"],
  ])("not for %s", (command) => {
    expect(rulesFor(program(command, patient))).toEqual([]);
  });

  test("says which option, why, and what to write", () => {
    expect(problemsOf(program("php artisan queue:work --max-time=3600", patient))).toEqual([
      {
        severity: "warning",
        file: "/srv/app/drover.conf",
        line: 2,
        section: "program:a",
        option: "autorestart",
        rule: "worker-not-restarted",
        message:
          "queue:work exits with 0 on --max-time, and autorestart=unexpected does not " +
          "start again what exits with 0",
        why: expect.stringContaining("jobs pile up"),
        instead: "autorestart=true",
      },
    ]);
  });

  test("once for all copies, and for a program in two groups", () => {
    const copies = program(
      "php artisan queue:work",
      patient,
      "numprocs=9",
      "process_name=a%(process_num)d",
    );
    const groups = "[group:g]\nprograms=a\n[group:h]\nprograms=a\n";
    expect(rulesFor(copies + groups)).toEqual(stays);
  });
});

describe("few-retries", () => {
  const other = "[program:db]\ncommand=/bin/db\n";
  test.each<[string[], string[]]>([
    [["depends_on=db", "startretries=1"], ["few-retries startretries"]],
    [["depends_on=db", "startretries=0"], ["few-retries startretries"]],
    [["depends_on=db"], []],
    [["depends_on=db", "startretries=10"], []],
    [["startretries=0"], []],
  ])("%j", (lines, expected) => {
    expect(rulesFor(program("/bin/app", ...lines) + other)).toEqual(expected);
  });

  test.each([
    ["0", "the first failed start"],
    ["1", "2 tries in 1 second"],
    ["2", "3 tries in 3 seconds"],
  ])("startretries=%s gives up after %s", (retries, expected) => {
    const body = program("/bin/app", "depends_on=db", `startretries=${retries}`) + other;
    expect(problemsOf(body)[0]?.message).toContain(expected);
  });

  test.each([
    ["backoff=exponential", "3 tries in 3 seconds"],
    ["backoff_min=10s", "3 tries in 30 seconds"],
    ["backoff=fixed\nbackoff_min=500ms", "3 tries in 1 second"],
  ])("%s gives up after %s", (lines, expected) => {
    const body = program("/bin/app", "depends_on=db", "startretries=2", lines) + other;
    expect(problemsOf(body)[0]?.message).toContain(expected);
  });

  test("not for what never gives up", () => {
    const body = program("/bin/app", "depends_on=db", "startretries=unlimited") + other;
    expect(rulesFor(body)).toEqual([]);
  });
});

describe("failure-expected", () => {
  const alarm = ["failure-expected exitcodes"];
  test.each<[string, string]>([
    ["0,1", "exitcodes=0"],
    ["1", "exitcodes=0"],
    ["0,1,2", "exitcodes=0,2"],
    ["0,255", "exitcodes=0"],
  ])("exitcodes=%s: %s", (codes, instead) => {
    const body = program("/opt/worker", `exitcodes=${codes}`);
    expect(rulesFor(body)).toEqual(alarm);
    expect(problemsOf(body)[0]?.instead).toBe(instead);
    expect(rulesFor(body.concat("autorestart=true\n"))).toEqual([]);
    expect(rulesFor(body.concat("autorestart=false\n"))).toEqual([]);
  });

  test.each([["0"], ["0,2"], ["2"], ["0,3,143"], [""]])("not with exitcodes=%s", (codes) => {
    expect(rulesFor(program("/opt/worker", `exitcodes=${codes}`))).toEqual([]);
  });

  test("not for what is to run once", () => {
    const once = ["startsecs=0", "exitcodes=0,1"];
    expect(rulesFor(program("python manage.py migrate", ...once))).toEqual([]);
  });
});
