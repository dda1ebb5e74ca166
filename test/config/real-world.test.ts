import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { Facts } from "../../src/config/facts.ts";
import { type LintFacts, lint } from "../../src/config/lint/lint.ts";
import { loadConfig } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problems.ts";
import { inMemory, machine } from "../support/configuration.ts";

const folder = path.resolve(import.meta.dirname, "../fixtures/real-world");
const etc = "/etc/supervisor";

/** Every fixture, as if it were in /etc/supervisor. */
const fixtures = Object.fromEntries(
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(?:conf|ini)$/.test(name))
    .map((name) => [`${etc}/${name}`, readFileSync(path.join(folder, name), "utf8")]),
);
const reader = inMemory(fixtures, {
  [`${etc}/fleet.d/*.ini`]: [`${etc}/fleet.d/mail.ini`, `${etc}/fleet.d/media.ini`],
});

/** A machine with every folder and every user that a configuration may name. */
const facts: Facts = {
  ...machine,
  env: { ...machine.env, SUPERSET_SECRET_KEY: "from outside" },
  isDirectory: (file) => !(file in fixtures),
  user: (name) => ({ name, uid: name === "root" ? 0 : 1001, gid: 1001, home: "/" }),
};

/** root, with every command and folder that is named, with configuration files as an editor leaves them; only root may write /var/log/fleet. */
const root: LintFacts = {
  uid: 0,
  mode: (file) => (file in fixtures ? 0o644 : path.extname(file) === "" ? 0o755 : undefined),
  isDirectory: () => true,
  commandFault: () => undefined,
  defaultRundir: "/run/drover",
  isWritable: (file, as) => as === undefined || as.uid === 0 || file !== "/var/log/fleet",
};

/** For each file what a careful reader would say: `[section] option: rule`. */
const expected: Record<string, readonly string[]> = {
  "laravel-queue.conf": [
    "[program:shop-worker] autorestart: worker-not-restarted",
    "[program:shop-worker] stopwaitsecs: stop-cuts-jobs",
  ],
  "laravel-tidy.conf": [],
  "horizon.conf": [
    "[program:imports] autorestart: worker-not-restarted",
    "[program:imports] command: user-switch",
    "[program:imports] stopwaitsecs: stop-cuts-jobs",
    "[program:schedule] startsecs: ends-before-startsecs",
  ],
  "octane-reverb.conf": [
    "[program:admin] command: shared-port",
    "[program:reverb] autorestart: worker-not-restarted",
  ],
  "celery.conf": [
    "[program:celery] environment: readable-secrets",
    "[program:celery] stopwaitsecs: stop-cuts-jobs",
    "[program:nightly] command: goes-to-background",
  ],
  "sidekiq.conf": [
    "[program:sidekiq-mailers] command: stop-leaves-children",
    "[program:sidekiq] stopwaitsecs: stop-cuts-jobs",
  ],
  "resque.conf": ["[program:resque-drain] autorestart: worker-not-restarted"],
  "gunicorn-django.conf": [
    "[program:admin] command: goes-to-background",
    "[program:migrate] startsecs: ends-before-startsecs",
    "[program:site] environment: readable-secrets",
    "[program:site] stopwaitsecs: stop-cuts-jobs",
  ],
  "uvicorn.conf": [
    "[program:api] command: shared-port",
    "[program:docs] command: stop-leaves-children",
  ],
  "nginx-php-fpm.conf": [
    "[program:nginx] stderr_logfile: rotating-stream",
    "[program:php-fpm] command: goes-to-background",
    "[supervisord] logfile: rotating-stream",
  ],
  "airflow.conf": [
    "[program:scheduler] command: goes-to-background",
    "[supervisord] environment: readable-secrets",
  ],
  "cron-docker.conf": ["[program:cron] command: goes-to-background"],
  "symfony-messenger.conf": ["[program:messenger-failed] autorestart: worker-not-restarted"],
  "rq.conf": ["[program:rq] autorestart: worker-not-restarted"],
  "node-npm.conf": [
    "[program:mailer] command: stop-leaves-children",
    "[program:thumbnails] stopwaitsecs: stop-cuts-jobs",
    "[program:web] environment: shared-port",
  ],
  "tornado.conf": ["[program:poll] command: port-too-high"],
  "java.conf": [
    "[program:billing] startretries: few-retries",
    "[program:orders] command: stop-leaves-children",
  ],
  "redis-app.conf": [
    "[program:redis] command: goes-to-background",
    "[supervisord] user: runs-as-root",
  ],
  "dashboard.conf": [
    "[inet_http_server] port: open-inet-server",
    "[unix_http_server] password: readable-secrets",
  ],
  "fleet.conf": [
    "[program:mail-out] stopwaitsecs: stop-cuts-jobs",
    "[program:thumbnails] environment: readable-secrets",
    "[program:thumbnails] stdout_logfile: log-not-writable",
    "[supervisord] logfile: log-not-writable",
  ],
  "superset.conf": ["[program:init] startsecs: ends-before-startsecs"],
  "sentry.conf": [],
  "spool.conf": [],
  "lamp.conf": [
    "[program:apache] command: goes-to-background",
    "[program:exim] command: goes-to-background",
    "[program:mysql] command: stop-leaves-children",
  ],
  "shell-habits.conf": [
    "[program:api] command: shell-syntax",
    "[program:importer] command: shell-syntax",
    "[program:logs] command: shell-syntax",
    "[program:mailer] command: shell-syntax",
    "[supervisord] environment: shell-syntax",
  ],
  "uwsgi.conf": [
    "[program:site] stdout_logfile_maxbytes: unbounded-log",
    "[program:site] stopsignal: reload-on-term",
    "[unix_http_server] password: readable-secrets",
    "[unix_http_server] username: password-off",
  ],
  "celery-scaled.conf": [
    "[program:mail] exitcodes: failure-expected",
    "[program:warm] autorestart: restarts-forever",
    "[program:warm] directory: directory-missing",
    "[program:worker] numprocs: scheduler-copies",
    "[program:worker] stopsignal: killed-at-once",
  ],
};

const problemsOf = (name: string) => lint(loadConfig(`${etc}/${name}`, reader, facts), root);

test("every configuration has its expectations", () => {
  const files = readdirSync(folder).filter((name) => name.endsWith(".conf"));
  expect(Object.keys(expected).sort()).toEqual(files.sort());
});

test.each(Object.entries(expected))("%s", (name, wanted) => {
  const found = problemsOf(name).map(
    ({ section, option, rule }) => `[${section}] ${option}: ${rule}`,
  );
  expect(found.sort()).toEqual([...wanted].sort());
});

test("no problem shows a password", () => {
  const secrets =
    /rabbit-hole|n0t-a-real|nor-this|ZmVy|airflow:airflow|opensesame|uwsgi-pass|abcdefgh/;
  for (const name of Object.keys(expected)) {
    for (const problem of problemsOf(name)) {
      const shown = [formatProblem(problem), problem.why, problem.instead].join("\n");
      expect(shown).not.toMatch(secrets);
    }
  }
});
