import { expect, test } from "vitest";
import { searchPaths } from "../../src/config/search.ts";

test("drover's own files are looked for before supervisord's, near before far", () => {
  expect(searchPaths("/srv/app", "/usr/local/bin/droverd")).toEqual([
    "/usr/local/etc/drover.conf",
    "/usr/local/drover.conf",
    "/srv/app/drover.conf",
    "/srv/app/etc/drover.conf",
    "/etc/drover.conf",
    "/etc/drover/drover.conf",
    "/usr/local/etc/supervisord.conf",
    "/usr/local/supervisord.conf",
    "/srv/app/supervisord.conf",
    "/srv/app/etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
  ]);
});

test("a place that is named twice is looked at once", () => {
  const paths = searchPaths("/srv/app", "bin/droverd.js");
  expect(paths[0]).toBe("/srv/app/etc/drover.conf");
  expect(new Set(paths).size).toBe(paths.length);
});
