// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what a shell would read
import { describe, expect, test } from "vitest";
import { problemsOf, program, rulesFor } from "./found.ts";

const alarm = "shell-syntax command";
const insteadOf = (command: string, ...lines: string[]): string | undefined =>
  problemsOf(program(command, ...lines)).find(({ rule }) => rule === "shell-syntax")?.instead;

describe("shell-syntax in a command that options can replace", () => {
  test.each<[string, ...string[]]>([
    ["cd /srv/app && php worker.php", "directory=/srv/app", "command=php worker.php"],
    ["cd /srv/app; exec php worker.php", "directory=/srv/app", "command=php worker.php"],
    ["cd ~/app && php worker.php", "directory=%(ENV_HOME)s/app", "command=php worker.php"],
    ["APP_ENV=prod php worker.php", 'environment=APP_ENV="prod"', "command=php worker.php"],
    ["A='b c' D=e /bin/x", 'environment=A="b c",D="e"', "command=/bin/x"],
    ["A=$HOME/x /bin/x", 'environment=A="%(ENV_HOME)s/x"', "command=/bin/x"],
    ["php a.php > /tmp/a.log", "command=php a.php", "stdout_logfile=/tmp/a.log"],
    [
      "php a.php >>/tmp/a.log 2>&1",
      "command=php a.php",
      "stdout_logfile=/tmp/a.log",
      "redirect_stderr=true",
    ],
    [
      "php a.php > /dev/null 2> /tmp/e.log < /dev/null",
      "command=php a.php",
      "stdout_logfile=NONE",
      "stderr_logfile=/tmp/e.log",
    ],
    ["php a.php 2>&1 &", "command=php a.php", "redirect_stderr=true"],
    ["exec php a.php", "command=php a.php"],
    ["~/bin/worker --x", "command=%(ENV_HOME)s/bin/worker --x"],
    ["node a.js --port $PORT", "command=node a.js --port %(ENV_PORT)s"],
    ['node a.js "--port=${PORT}"', 'command=node a.js "--port=%(ENV_PORT)s"'],
    ["$HOME/bin/x", "command=%(ENV_HOME)s/bin/x"],
    ['"php worker.php --x"', "command=php worker.php --x"],
    ["'cd /srv && php worker.php'", "directory=/srv", "command=php worker.php"],
  ])("%s", (command, ...instead) => {
    expect(rulesFor(program(command))).toContain(alarm);
    expect(insteadOf(command)).toBe(instead.join("\n"));
  });

  test("keeps the environment that is there, and knows the user's home", () => {
    expect(insteadOf("B=2 /bin/x", "environment=A=1")).toBe('environment=…,B="2"\ncommand=/bin/x');
    expect(insteadOf("~/bin/x", "user=web")).toBe("command=/home/web/bin/x");
  });
});

describe("shell-syntax in a command that needs a shell", () => {
  test.each<[string, string]>([
    ["cd /srv && git pull && php a", "sh -c 'cd /srv && git pull && exec php a'"],
    ["php a.php; php b.php", "sh -c 'php a.php; exec php b.php'"],
    ["ulimit -n 65535 && php a", "sh -c 'ulimit -n 65535 && exec php a'"],
    ["source /srv/env && php a", "bash -c 'source /srv/env && exec php a'"],
    ["php a | tee /tmp/x", "sh -c 'php a | tee /tmp/x'\nstopasgroup=true"],
    ["php a || php b", "sh -c 'php a || php b'\nstopasgroup=true"],
    [
      "while true; do php a; sleep 5; done",
      "sh -c 'while true; do php a; sleep 5; done'\nstopasgroup=true",
    ],
    ["gunicorn -w $(nproc) app:app", "sh -c 'exec gunicorn -w $(nproc) app:app'"],
    ["node a.js --port=${PORT:-80}", "sh -c 'exec node a.js --port=${PORT:-80}'"],
    ["tail -F /var/log/*.log", "sh -c 'exec tail -F /var/log/*.log'"],
    ["java -jar /srv/app-*.jar", "sh -c 'exec java -jar /srv/app-*.jar'"],
    ["php a 'b c' | tee /tmp/x", "sh -c \"php a 'b c' | tee /tmp/x\"\nstopasgroup=true"],
    ["bash -c cd /srv && exec php a", "sh -c 'cd /srv && exec php a'"],
  ])("%s: %s", (command, instead) => {
    expect(rulesFor(program(command))).toContain(alarm);
    if (command.startsWith("bash -c cd")) expect(insteadOf(command)).toContain("directory=/srv");
    else expect(insteadOf(command)).toBe(`command=${instead}`);
  });

  test("both kinds of quotes are for a file", () => {
    expect(insteadOf(`php a 'b' "c" | tee /tmp/x`)).toContain("a script");
  });
});

describe("no shell-syntax", () => {
  test.each([
    ['sh -c "cd /srv && exec php $SCRIPT > /tmp/x 2>&1"'],
    ["bash -lc 'exec php worker.php | cat'"],
    ['su web -c "php $SCRIPT"'],
    ['nginx -g "daemon off;"'],
    ["find /tmp -exec rm {} \\;"],
    ["awk -F '|' '{print $NF}'"],
    ['awk "{print $NF}" x'],
    ["cut -d |"],
    ["php -r '$x=1;'"],
    ['perl -e "print $X"'],
    ["curl http://x/?a=1&b=2"],
    ["worker --filter a>b"],
    ["worker --queue mail.* --pattern *"],
    ["worker 'a && b' \"c | d\""],
    ["worker --password=pa$SWORD"],
    ["worker --password pa$SWORD"],
    ["java -cp lib/* Main"],
    ["java -jar a.jar --url=${DB_URL}"],
    ["worker --user=~web"],
    ["worker '$HOME' \\$HOME $1 $name"],
    ["env A=1 php worker.php"],
    ["worker A=1"],
    ['"/opt/my app/worker" --x'],
    ["rake resque:work QUEUE=*"],
  ])("for %s", (command) => {
    expect(rulesFor(program(command))).not.toContain(alarm);
  });

  test("for a path with spaces that is there", () => {
    const facts = { mode: () => 0o755 };
    expect(rulesFor(program('"/opt/my app/worker"'), facts)).toEqual([]);
    expect(rulesFor(program('"/opt/my app/worker"'))).toEqual([alarm]);
  });

  test("a password is not shown", () => {
    const body = program("DB_PASSWORD=hunter2 php a.php --token hunter3 > /tmp/x");
    expect(JSON.stringify(problemsOf(body))).not.toContain("hunter");
  });
});

describe("shell-syntax in environment=", () => {
  test.each<[string, string]>([
    ['PATH="/opt/bin:$PATH"', 'PATH="/opt/bin:%(ENV_PATH)s"'],
    ['APP_HOME="$HOME/app"', 'APP_HOME="%(ENV_HOME)s/app"'],
    ['PYTHONPATH="${PYTHONPATH}:/srv"', 'PYTHONPATH="%(ENV_PYTHONPATH)s:/srv"'],
  ])("%s: %s", (environment, instead) => {
    for (const body of [
      program("/bin/x", `environment=${environment}`),
      `[supervisord]\nenvironment=${environment}\n`,
      `[program-default]\nenvironment=${environment}\n${program("/bin/x")}[program:b]\ncommand=/bin/y\n`,
    ]) {
      expect(rulesFor(body)).toEqual(["shell-syntax environment"]);
      expect(problemsOf(body)[0]?.instead).toBe(instead);
    }
  });

  test.each([
    ['PATH="/opt:%(ENV_HOME)s"'],
    ['DB_PASSWORD="pa$PATH"'],
    ['FORMAT="$name $HOMEPAGE"'],
  ])("not for %s", (environment) => {
    expect(rulesFor(program("/bin/x", `environment=${environment}`))).toEqual([]);
  });
});
