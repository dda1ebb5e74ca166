import { expect, test } from "vitest";
import { masked } from "../../src/config/masking.ts";

test.each<[string, string]>([
  ["mysql -u root -phunter4 db", "mysql -u root -p*** db"],
  ["/usr/bin/mysqldump -p'hunter 4' db", "/usr/bin/mysqldump -p*** db"],
  ["mariadb-dump --user=root -phunter4", "mariadb-dump --user=root -p***"],
  ["x db_password=hunter4 y", "x db_password=*** y"],
  ["x DB_PassWord=hunter4", "x DB_PassWord=***"],
  [
    "java -Dspring.datasource.password=hunter4 -jar a",
    "java -Dspring.datasource.password=*** -jar a",
  ],
  ["x redis://:hunter4@db/0", "x redis://:***@db/0"],
  ["x amqp://u:p@ss/w:rd#1@db/0 y", "x amqp://u:***@db/0 y"],
  ["curl -u me:hunter4 http://x", "curl -u me:*** http://x"],
  ['curl -u "me:hunter 4" http://x', 'curl -u "me:***" http://x'],
  ["sh -c 'curl --user me:hunter4 x'", "sh -c 'curl --user me:*** x'"],
  ['curl -H "Authorization: Bearer hunter4" x', 'curl -H "Authorization: ***" x'],
  ["curl -H 'X-Api-Key: hunter4' x", "curl -H 'X-Api-Key: ***' x"],
  ["curl -H Authorization:hunter4", "curl -H Authorization:***"],
  ["x --auth=hunter4 --key=hunter4 --api-key hunter4", "x --auth=*** --key=*** --api-key ***"],
  ['docker run --env SECRET="a b" x', "docker run --env SECRET=*** x"],
  ['docker run --env "SECRET=a b" x', 'docker run --env "SECRET=***" x'],
  ['sh -c "TOKEN=abc worker --x"', 'sh -c "TOKEN=*** worker --x"'],
  ['sh -c "worker --password=\\"a b\\" -x"', 'sh -c "worker --password=*** -x"'],
  ["worker --password='a b' --x", "worker --password=*** --x"],
  ["redis-cli -a hunter4 ping", "redis-cli -a *** ping"],
  ["sshpass -p hunter4 ssh x", "sshpass -p *** ssh x"],
])("%s", (text, expected) => {
  expect(masked(text)).toBe(expected);
});

test.each([
  ["mysql -h db -p shop"],
  ["mysqld --port=3306"],
  ["docker run -u 1000:1000 x"],
  ["php artisan queue:work --tries=3 --keep-alive --author=me --keys 4"],
  ["celery -A shop worker -n w@host -Q mail:high"],
  ["gunicorn -b 0.0.0.0:80 app:app"],
  ["worker --no-password --fast"],
  ["curl http://db:80/path"],
  ["node server.js -p 3000"],
])("nothing is hidden in %s", (text) => {
  expect(masked(text)).toBe(text);
});
