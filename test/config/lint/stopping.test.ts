import { describe, expect, test } from "vitest";
import { problemsOf, program, rulesFor } from "./found.ts";

const insteadOf = (body: string): (string | undefined)[] =>
  problemsOf(body).map(({ instead }) => instead);

describe("stop-cuts-jobs", () => {
  const restarted = "autorestart=true";
  test.each<[string, string, string]>([
    ["php artisan queue:work", "10", "stopwaitsecs=70"],
    ["php artisan queue:work --timeout=90", "60", "stopwaitsecs=100"],
    ["php artisan queue:work --timeout 90", "89", "stopwaitsecs=100"],
    ["php artisan horizon", "30", "stopwaitsecs=70"],
    ["celery -A shop worker --time-limit=300 --soft-time-limit=240", "60", "stopwaitsecs=310"],
    ["celery -A shop worker --soft-time-limit 240", "60", "stopwaitsecs=250"],
    ["python -m celery -A shop worker --time-limit=300", "60", "stopwaitsecs=310"],
    ["bundle exec sidekiq", "10", "stopwaitsecs=35"],
    ["sidekiq -t 120", "30", "stopwaitsecs=130"],
    ["sidekiq -t120", "30", "stopwaitsecs=130"],
    ["gunicorn app:app --graceful-timeout 60", "10", "stopwaitsecs=70"],
    ["uvicorn app:app --timeout-graceful-shutdown 20", "10", "stopwaitsecs=30"],
    ["dramatiq app --worker-shutdown-timeout 60000", "10", "stopwaitsecs=70"],
    ["env JOB_TIMEOUT=45 node worker.js", "10", "stopwaitsecs=55"],
  ])("%s with stopwaitsecs=%s: %s", (command, seconds, instead) => {
    const body = program(command, restarted, `stopwaitsecs=${seconds}`);
    expect(rulesFor(body)).toEqual(["stop-cuts-jobs stopwaitsecs"]);
    expect(insteadOf(body)).toEqual([instead]);
  });

  test.each<[string, string, string]>([
    ["python worker.py", "job_time=5m", "stopwaitsecs=310"],
    ["php artisan queue:work --timeout=20", "job_time=90", "stopwaitsecs=100"],
  ])("what the section says goes first: %s, %s", (command, declared, instead) => {
    const body = program(command, declared, restarted);
    expect(insteadOf(body)).toEqual([instead]);
    expect(rulesFor(program("php artisan queue:work", "job_time=5s", restarted))).toEqual([]);
  });

  test.each<[string[], string]>([
    [["stopsequence=TERM:60 INT:10 KILL"], "stopsequence=TERM:90s INT:10s KILL"],
    [["stopsequence=TERM:1m"], "stopsequence=TERM:100s KILL"],
    [["stopsequence=TERM:500ms KILL"], "stopsequence=TERM:100500ms KILL"],
    [["stopsequence=TERM:60 KILL:60"], "stopsequence=TERM:100s KILL"],
    [["stopsequence=TERM:60 KILL:60 INT:60"], "stopsequence=TERM:100s INT:1m KILL"],
    [["stopsequence=TERM:60", "stopwaitsecs=300"], "stopsequence=TERM:100s KILL"],
    [["stopcommand=ctl stop"], "stopwaitsecs=100"],
    [["stopcommand=ctl stop", "stopsequence=TERM:60 KILL"], "stopwaitsecs=40"],
    [["stopcommand=ctl stop", "stopsequence=KILL"], "stopwaitsecs=100"],
    [["stopcommand=ctl stop", "stopsignal=KILL"], "stopwaitsecs=100"],
  ])("%j, and a job of 90 seconds: %s", (lines, instead) => {
    const body = program("php worker.php", "job_time=90", ...lines);
    expect(rulesFor(body)).toEqual([`stop-cuts-jobs ${instead.replace(/=.*/, "")}`]);
    expect(insteadOf(body)).toEqual([instead]);
    const [option, value] = instead.split("=", 2);
    const others = lines.filter((line) => !line.startsWith(`${option}=`));
    expect(
      rulesFor(program("php worker.php", "job_time=90", ...others, `${option}=${value}`)),
    ).toEqual([]);
  });

  test.each<[string[], string]>([
    [[], "SIGKILL comes 10 seconds after the stop signal"],
    [["stopsequence=TERM:60 INT:1500ms KILL"], "SIGKILL comes 61.5 seconds after the stop signal"],
    [["stopcommand=ctl stop"], "SIGKILL comes 10 seconds after the stop command"],
  ])("%j: %s", (lines, message) => {
    const body = program("php worker.php", "job_time=90", ...lines);
    expect(problemsOf(body)[0]?.message).toBe(
      `a job may take 90 seconds (job_time), and ${message}`,
    );
  });

  test.each<[string[]]>([
    [["stopsequence=TERM:90"]],
    [["stopsequence=TERM:60 INT:30 KILL"]],
    [["stopsequence=TERM:2m KILL", "stopwaitsecs=1"]],
    [["stopcommand=ctl stop", "stopwaitsecs=90"]],
    [["stopcommand=ctl stop", "stopsequence=TERM:80"]],
  ])("a job of 90 seconds has the time it needs with %j", (lines) => {
    expect(rulesFor(program("php worker.php", "job_time=90", ...lines))).toEqual([]);
  });

  test.each<[string, string]>([
    ["php artisan queue:work --timeout=60", "60"],
    ["php artisan queue:work --timeout=0", "10"],
    ["celery -A shop worker", "10"],
    ["celery -A shop beat --time-limit=300", "10"],
    ["bin/console messenger:consume async --time-limit=3600", "10"],
    ["rq worker --max-jobs 100", "10"],
    ["sidekiq -t 8", "10"],
    ["gunicorn app:app --timeout 120", "10"],
    ["gunicorn app:app", "10"],
    ["node worker.js --timeout=60", "10"],
  ])("not for %s with stopwaitsecs=%s", (command, seconds) => {
    expect(rulesFor(program(command, restarted, `stopwaitsecs=${seconds}`))).toEqual([]);
  });

  test.each<[string, string | undefined]>([
    ['JOB_TIMEOUT="120"', "stopwaitsecs=130"],
    ["JOB_TIMEOUT=2m", "stopwaitsecs=130"],
    ["TASK_TIME_LIMIT=90s", "stopwaitsecs=100"],
    ["GRACEFUL_SHUTDOWN_TIMEOUT_MS=15000", "stopwaitsecs=25"],
    ["JOB_TIMEOUT=20,TASK_TIMEOUT=40", "stopwaitsecs=50"],
    ["JOB_TIMEOUT=5", undefined],
    ["JOB_TIMEOUT=never", undefined],
    ["JOB_TIMEOUT=30000", undefined],
    ["JOB_TIMEOUT_SECONDS=1000", "stopwaitsecs=1010"],
    ["JOB_TIMEOUT=100000s", undefined],
    ["HTTP_TIMEOUT=120", undefined],
    ["DB_TIMEOUT=120", undefined],
  ])("environment=%s: %s", (environment, instead) => {
    const body = program("node worker.js", `environment=${environment}`);
    expect(insteadOf(body)).toEqual(instead === undefined ? [] : [instead]);
  });
});

describe("stop-leaves-children", () => {
  test.each<[string, string]>([
    ['sh -c "php worker.php"', 'command=sh -c "exec php worker.php"'],
    ["dash -c '/opt/worker'", "command=dash -c 'exec /opt/worker'"],
    ['bash -c "cd /srv && php worker.php"', 'command=bash -c "cd /srv && exec php worker.php"'],
    ["bash -lc 'cd /srv; A=1 /opt/worker'", "command=bash -lc 'cd /srv; A=1 exec /opt/worker'"],
    ['bash -c "/opt/worker > /tmp/log 2>&1"', 'command=bash -c "exec /opt/worker > /tmp/log 2>&1"'],
    ['sh -c "/opt/worker | tee /tmp/log"', "stopasgroup=true"],
    [`sh -c "cd /srv && php -r 'a();b();'"`, "stopasgroup=true"],
    ['sh -c "/opt/a & /opt/b & wait"', "stopasgroup=true"],
    [
      'bash -euo pipefail -c "cd /srv; /opt/worker"',
      'command=bash -euo pipefail -c "cd /srv; exec /opt/worker"',
    ],
    ['bash -c "while true; do /opt/worker; sleep 1; done"', "stopasgroup=true"],
    [
      'sh -c "while [ true ]; do (php /srv/artisan schedule:run &); sleep 60; done"',
      "command=php /srv/artisan schedule:work",
    ],
    ["npm run worker", "stopasgroup=true"],
    ["yarn --cwd /srv start", "stopasgroup=true"],
    ["npx ts-node worker.ts", "stopasgroup=true"],
    ["mysqld_safe", "stopasgroup=true"],
    ["flock -n /tmp/lock /opt/worker", "stopasgroup=true"],
    ["conda run -n app python worker.py", "stopasgroup=true"],
  ])("%s: %s", (command, instead) => {
    const body = program(command);
    expect(rulesFor(body)).toEqual(["stop-leaves-children command"]);
    expect(insteadOf(body)).toEqual([instead]);
    expect(rulesFor(program(command, "killasgroup=true"))).toHaveLength(1);
    for (const line of ["stopasgroup=true", "stoptree=true", "stopcommand=ctl stop"]) {
      expect(rulesFor(program(command, line))).toEqual([]);
    }
  });

  test.each<[string, boolean]>([
    ['bash -c "cd /srv && /opt/worker"', true],
    ['bash -c "/opt/a || /opt/worker"', true],
    ['bash -c "cd /srv && /opt/worker > /tmp/log"', false],
    ['sh -c "cd /srv && /opt/worker"', false],
  ])("%s: only an old shell does so: %s", (command, old) => {
    const [problem] = problemsOf(program(command));
    expect(problem?.message.includes("before bash 5.1")).toBe(old);
  });

  test.each([
    ['sh -c "exec php worker.php"'],
    ['sh -c "cd /srv && exec php worker.php"'],
    ['sh -c "A=1 exec php worker.php"'],
    ["bash -c 'if [ -e /srv ]; then exec /opt/a; else exec /opt/b; fi'"],
    ["bash -c 'trap stop TERM; /opt/worker & wait'"],
    ['bash -c "php worker.php"'],
    ["sh -c 'echo no database; exit 3'"],
    ["bash /srv/start.sh"],
    ["bash /srv/start.sh -c 'a; b'"],
    ["bash -l"],
    ["/srv/start.sh -c x"],
    ["bundle exec rake jobs:work"],
    ["poetry run python worker.py"],
    ["flock -n -F /tmp/lock /opt/worker"],
    ["node node_modules/.bin/worker npm"],
    ["tini -- node worker.js"],
  ])("not for %s", (command) => {
    expect(rulesFor(program(command))).toEqual([]);
  });

  test("a listener that is a loop in shell has nobody behind it", () => {
    const loop = "bash -c 'while read line; do kill $PPID; done'";
    const body = `[eventlistener:a]\ncommand=${loop}\nevents=PROCESS_STATE_FATAL\n`;
    expect(rulesFor(body)).toEqual([]);
  });

  test("no password of the command is shown", () => {
    const body = program('sh -c "TOKEN=abc worker --password hunter2 redis://:hunter3@db/0"');
    expect(JSON.stringify(problemsOf(body))).not.toMatch(/abc|hunter/);
  });
});

describe("user-switch", () => {
  test.each<[string, string]>([
    ["sudo -u web /opt/worker --fast", "user=web\ncommand=/opt/worker --fast"],
    ["sudo -E -H -u web -- /opt/worker", "user=web\ncommand=/opt/worker"],
    ["sudo /opt/worker", "user=root\ncommand=/opt/worker"],
    ['su web -c "/opt/worker"', "user=web"],
    ['su - web -s /bin/bash -c "/opt/worker"', "user=web"],
    ['su -s /bin/sh -c "exec /opt/worker" web', "user=web"],
    ["runuser -u web -- /opt/worker", "user=web"],
    ['nice su web -c "/opt/worker"', "user=web"],
  ])("%s: %s", (command, instead) => {
    const body = program(command, "stopasgroup=true");
    expect(rulesFor(body)).toEqual(["user-switch command"]);
    expect(insteadOf(body)).toEqual([instead]);
  });

  test.each([["gosu web /opt/worker"], ["setpriv --reuid web /opt/worker"], ["/opt/sudo.sh"]])(
    "not for %s",
    (command) => {
      expect(rulesFor(program(command))).toEqual([]);
    },
  );
});

describe("killed-at-once", () => {
  test.each<[string, string, string[]]>([
    ["/opt/worker", "KILL", ["killed-at-once stopsignal"]],
    ["/opt/worker", "9", ["killed-at-once stopsignal"]],
    ["/opt/worker", "TERM", []],
    ["/opt/worker", "INT", []],
    ["tail -F /var/log/cron.log", "KILL", []],
  ])("%s with stopsignal=%s", (command, signal, expected) => {
    expect(rulesFor(program(command, `stopsignal=${signal}`))).toEqual(expected);
  });

  test.each<[string[], string]>([
    [["stopsignal=KILL"], "stopsignal=TERM"],
    [["stopsequence=KILL"], "stopsequence=TERM:10s KILL"],
    [["stopsequence=KILL", "stopwaitsecs=60"], "stopsequence=TERM:1m KILL"],
    [["stopsequence=KILL:5 INT:5"], "stopsequence=TERM:5s INT:5s KILL"],
    [["stopsignal=KILL", "job_time=90"], "stopsignal=TERM"],
  ])("%j: %s", (lines, instead) => {
    expect(rulesFor(program("/opt/worker", ...lines))).toHaveLength(1);
    expect(insteadOf(program("/opt/worker", ...lines))).toEqual([instead]);
  });

  test.each<[string[]]>([
    [["stopsignal=KILL", "stopsequence=TERM:60 KILL"]],
    [["stopsignal=KILL", "stopcommand=ctl stop"]],
    [["stopsequence=KILL", "stopcommand=ctl stop"]],
  ])("not with %j", (lines) => {
    expect(rulesFor(program("/opt/worker", ...lines))).toEqual([]);
  });
});

describe("reload-on-term", () => {
  test.each([
    ["uwsgi --ini /etc/uwsgi/site.ini"],
    ["/srv/venv/bin/uwsgi site.ini"],
    ["uwsgi --http :8000 --master --module site.wsgi"],
    ["uwsgi --emperor /etc/uwsgi/vassals"],
    ["uwsgi --yaml site.yml"],
  ])("%s", (command) => {
    expect(rulesFor(program(command))).toEqual(["reload-on-term stopsignal"]);
    expect(insteadOf(program(command))).toEqual(["stopsignal=QUIT"]);
    for (const signal of ["QUIT", "INT"]) {
      expect(rulesFor(program(command, `stopsignal=${signal}`))).toEqual([]);
    }
  });

  test.each([
    ["uwsgi --ini site.ini --die-on-term"],
    ["uwsgi --ini site.ini --die-on-term=true"],
    ["uwsgi --http :8000 --module site.wsgi"],
    ["gunicorn site.wsgi"],
    ["python uwsgi-exporter --config x.yml"],
  ])("not for %s", (command) => {
    expect(rulesFor(program(command))).toEqual([]);
  });

  test.each<[string, string | undefined]>([
    ["stopsequence=TERM:60 KILL", "stopsequence=QUIT:1m KILL"],
    ["stopsequence=TERM:60 INT:5", "stopsequence=QUIT:1m INT:5s KILL"],
    ["stopsequence=QUIT:60 TERM:10 KILL", undefined],
    ["stopcommand=uwsgi --stop /run/uwsgi.pid", undefined],
  ])("%s: %s", (line, instead) => {
    const body = program("uwsgi --ini site.ini", line);
    expect(insteadOf(body)).toEqual(instead === undefined ? [] : [instead]);
  });

  test("owns that the file it names may say it", () => {
    const messageOf = (command: string) => problemsOf(program(command))[0]?.message;
    expect(messageOf("uwsgi --ini site.ini")).toContain("unless die-on-term");
    expect(messageOf("uwsgi -M --http :80")).not.toContain("unless");
  });
});
