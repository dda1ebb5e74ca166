import { mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { hangingPlace, type Mount, mayHang, mountOf, parseMounts } from "../../src/os/mounts.ts";
import { temporaryFolder } from "../support/temporary.ts";

const mountinfo = `22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
64 27 7:0 / /srv/image rw,relatime shared:30 - ext4 /dev/loop0 rw
70 27 0:45 / /mnt/my\\040share rw,relatime shared:31 master:2 - nfs4 server:/export rw,vers=4.2
71 27 0:46 / /srv/image/deep rw,relatime - tmpfs tmpfs rw
72 27 0:47 / /srv/twice rw,relatime - nfs server:/export rw
73 72 0:48 / /srv/twice rw,relatime - tmpfs tmpfs rw
`;
const mounts = parseMounts(mountinfo);

test("the mounts of a machine are read, with white space in their names", () => {
  expect(mounts).toHaveLength(7);
  expect(mounts[3]).toEqual({ device: "0:45", at: "/mnt/my share", type: "nfs4" });
});

test.each<[string, string]>([
  ["/", "254:0"],
  ["/var/log/web.log", "254:0"],
  ["/srv/images/log", "254:0"],
  ["/srv/image", "7:0"],
  ["/srv/image/log", "7:0"],
  ["/srv/image/deep/log", "0:46"],
  ["/srv/twice/log", "0:48"],
])("%s is on %s", (file, device) => {
  expect(mountOf(file, mounts)?.device).toBe(device);
});

describe("a file system", () => {
  const of = (type: string, device = "0:50"): Mount => ({ type, device, at: "/x" });
  test.each(
    [
      "nfs",
      "nfs4",
      "cifs",
      "smb3",
      "fuse.sshfs",
      "fuseblk",
      "fuse",
      "9p",
      "ceph",
      "afs",
      "virtiofs",
    ].map((type) => [type]),
  )("%s may hang", (type) => {
    expect(mayHang(of(type))).toBe(true);
  });
  test.each([["ext4"], ["xfs"], ["btrfs"], ["tmpfs"], ["overlay"], ["zfs"]])(
    "%s does not, except on a loop device",
    (type) => {
      expect(mayHang(of(type, "8:1"))).toBe(false);
      expect(mayHang(of(type, "70:1"))).toBe(false);
      expect(mayHang(of(type, "7:1"))).toBe(true);
    },
  );
});

test("links are followed to where they lead, up to a file system that may hang, and not into it", () => {
  const dir = temporaryFolder();
  const at = (name: string) => path.join(dir, name);
  const share: Mount = { device: "0:45", at: at("share"), type: "nfs4" };
  const everywhere: Mount[] = ["/dev", "/proc"].map((at) => ({ device: "0:9", at, type: "fuse" }));
  const here: Mount[] = [{ device: "254:0", at: "/", type: "ext4" }, ...everywhere, share];
  mkdirSync(at("share"));
  mkdirSync(at("deep"));
  // Were it asked, this would lead out of the share again.
  symlinkSync("/etc", at("share/out"));
  const links = {
    straight: "share/web.log",
    absolute: at("share"),
    "deep/up": "../share",
    chain: "deep/up",
    "to-file": "deep/file",
    "to-stdout": "/dev/stdout",
    loop: "loop",
    dangling: "nothing/there",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, at(name));
  const place = (name: string) => hangingPlace(at(name), here)?.path;
  expect(place("share/web.log")).toBe(at("share/web.log"));
  expect(place("straight")).toBe(at("share/web.log"));
  expect(place("absolute/web.log")).toBe(at("share/web.log"));
  expect(place("deep/up/web.log")).toBe(at("share/web.log"));
  expect(place("chain/a/b")).toBe(at("share/a/b"));
  expect(place("share/out/log")).toBe(at("share/out/log"));
  for (const name of [
    "deep/log",
    "to-file",
    "loop",
    "to-stdout",
    "dangling",
    "loop/x",
    "no/such",
  ]) {
    expect(place(name)).toBeUndefined();
  }
  expect(hangingPlace(at("share"), here)?.mount).toBe(share);
});
