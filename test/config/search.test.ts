import { expect, test } from "vitest";
import { searchPaths } from "../../src/config/search.ts";

test("drover's own files are looked for before supervisord's, and both here before in /etc", () => {
  expect(searchPaths("/srv/app")).toEqual([
    "/srv/app/drover.conf",
    "/srv/app/etc/drover.conf",
    "/etc/drover.conf",
    "/etc/drover/drover.conf",
    "/srv/app/supervisord.conf",
    "/srv/app/etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
  ]);
});
