import { describe, expect, test } from "vitest";
import { problemsOf, program, rulesFor } from "./found.ts";

const two = ["numprocs=2", "process_name=a%(process_num)d", "autorestart=true"];

describe("scheduler-copies", () => {
  test.each([
    ["celery -A shop beat"],
    ["python -m celery -A shop beat -S django"],
    ["celery -A shop worker -B"],
    ["celery -A shop worker --beat -Q mail"],
    ["php artisan schedule:work"],
    ["bundle exec clockwork config/clock.rb"],
    ["cron -f"],
    ["supercronic /etc/crontab"],
  ])("%s", (command) => {
    expect(rulesFor(program(command, ...two))).toEqual(["scheduler-copies numprocs"]);
    expect(rulesFor(program(command, "autorestart=true"))).toEqual([]);
  });

  test.each([
    ["celery -A shop worker"],
    ["celery -A shop beat -S redbeat.RedBeatScheduler"],
    ["airflow scheduler"],
    ["bundle exec rake resque:scheduler"],
    ["php artisan queue:work --queue=schedule --timeout=5"],
    ["php artisan queue:listen --queue=beat"],
  ])("not for %s", (command) => {
    expect(rulesFor(program(command, ...two))).toEqual([]);
  });

  test("a worker keeps its copies", () => {
    const instead = (command: string) => problemsOf(program(command, ...two))[0]?.instead;
    expect(instead("celery -A shop beat")).toBe("numprocs=1");
    expect(instead("celery -A shop worker -B")).toContain("without -B");
  });
});
