import { readFileSync, readlinkSync } from "node:fs";
import path from "node:path";
import { unless } from "./errno.ts";
import { absent } from "./logplace.ts";

/** One line of /proc/self/mountinfo. */
export interface Mount {
  /** major:minor */
  device: string;
  /** Where it is mounted. */
  at: string;
  /** Of its file system, such as ext4, nfs4 or fuse.sshfs. */
  type: string;
}

/** What a server, another machine or another process answers for. */
const remote =
  /^(?:fuse|nfs|cifs|smb|9p|virtiofs|vboxsf|ceph|lustre|glusterfs|gfs|ocfs|afs|coda|orangefs|autofs)/;

/** A file that plays a disk: it is as quick as whatever holds it, and its disk may be frozen. */
const LOOP_DEVICE = "7";

/** Whether a write there may stand still for as long as something else wants. */
export const mayHang = ({ type, device }: Mount): boolean =>
  remote.test(type) || device.startsWith(`${LOOP_DEVICE}:`);

/** @param text of /proc/self/mountinfo */
export const parseMounts = (text: string): Mount[] =>
  text.split("\n").flatMap((line) => {
    const [own = "", other = ""] = line.split(" - ");
    const [, , device, , at] = own.split(" ");
    const [type] = other.split(" ");
    return device && at && type ? [{ device, at: plainPath(at), type }] : [];
  });

/** The kernel writes white space and backslashes as three octal digits. */
const plainPath = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Of several at one place, or one inside of another, the last is what is seen. */
export const mountOf = (file: string, mounts: readonly Mount[]): Mount | undefined =>
  mounts.reduce<Mount | undefined>((found, mount) => {
    const isAbove = mount.at === "/" || file === mount.at || file.startsWith(`${mount.at}/`);
    return isAbove && mount.at.length >= (found?.at.length ?? 0) ? mount : found;
  }, undefined);

/** The kernel follows no more links in a row either. */
const MOST_LINKS = 40;

/** A place on a file system that may hang. */
export interface Hanging {
  mount: Mount;
  /** Where it is, as far as can be told without asking that file system. */
  path: string;
}

/**
 * Where a path leads, when that is a file system which may hang. Only others are asked: this does not
 * hang itself.
 */
export function hangingPlace(file: string, mounts: readonly Mount[]): Hanging | undefined {
  if (!mounts.some(mayHang)) return undefined;
  let [at, left] = ["/", wordsOf(path.resolve(file))];
  for (let links = 0; links <= MOST_LINKS; ) {
    const mount = mountOf(at, mounts);
    if (mount && mayHang(mount)) return { mount, path: path.join(at, ...left) };
    const [name, ...rest] = left;
    if (name === undefined) return undefined;
    const next = path.join(at, name);
    // What they mean is this process's own, whatever it leads to.
    if (next === "/dev" || next === "/proc") return undefined;
    const within = mountOf(next, mounts);
    const asked = within && mayHang(within) ? undefined : linkAt(next);
    if (asked === undefined) [at, left] = [next, rest];
    else {
      [at, left] = [path.isAbsolute(asked) ? "/" : at, [...wordsOf(asked), ...rest]];
      links++;
    }
  }
  return undefined;
}

const wordsOf = (file: string): string[] => file.split("/").filter((word) => word !== "");

const linkAt = (file: string): string | undefined =>
  unless([...absent, "EINVAL"], () => readlinkSync(file));

/** For so long what was mounted is taken to be mounted still. */
const FRESH_MS = 1_000;
let seen: { mounts: Mount[]; at: number } | undefined;

/** What is mounted, of late. */
export function mountsNow(): readonly Mount[] {
  const now = performance.now();
  if (!seen || now - seen.at > FRESH_MS) {
    const text = unless(["ENOENT", "EACCES"], () => readFileSync("/proc/self/mountinfo", "utf8"));
    seen = { mounts: parseMounts(text ?? ""), at: now };
  }
  return seen.mounts;
}
