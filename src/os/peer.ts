import type { Socket } from "node:net";
import { declare, type Native } from "./native.ts";

const functions = declare({
  getsockopt: "int getsockopt(int fd, int level, int name, void *value, void *length)",
});

/** The same on x86 and ARM. */
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SO_PEERGROUPS = 59;
/** sizeof(struct ucred), and of a gid_t. */
const CRED_SIZE = 12;
const GID_SIZE = 4;
/** Few are in more groups than this; the kernel allows 65,536. */
const USUAL_GROUPS = 32;

/** Who has connected to a Unix socket, as the kernel has noted it then. */
export interface Peer {
  pid: number;
  uid: number;
  /** The group of the process and its supplementary groups. */
  gids: readonly number[];
}

/**
 * The groups come from the kernel too and not from /proc: by now the pid may be another's.
 * @returns undefined when it cannot be told, as of a connection that has just ended
 */
export function peerOf(library: Native, socket: Socket): Peer | undefined {
  const fd = descriptorOf(socket);
  const cred = fd === undefined ? undefined : read(library, fd, SO_PEERCRED, CRED_SIZE);
  if (fd === undefined || cred?.length !== CRED_SIZE) return undefined;
  const [pid, uid, gid] = [cred.readInt32LE(0), cred.readUInt32LE(4), cred.readUInt32LE(8)];
  // A kernel before 4.13 does not tell: who is in a group by that alone is not let in.
  const groups = read(library, fd, SO_PEERGROUPS, USUAL_GROUPS * GID_SIZE) ?? Buffer.alloc(0);
  const gids = Array.from({ length: groups.length / GID_SIZE }, (_, at) =>
    groups.readUInt32LE(at * GID_SIZE),
  );
  return { pid, uid, gids: [gid, ...gids] };
}

/** @param size that is likely enough; when it is not, the kernel says what is */
function read(library: Native, fd: number, name: number, size: number): Buffer | undefined {
  const value = Buffer.alloc(size);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(size);
  const answer = functions(library).getsockopt(fd, SOL_SOCKET, name, value, length);
  const found = length.readUInt32LE(0);
  if (answer === 0) return value.subarray(0, found);
  return found > size ? read(library, fd, name, found) : undefined;
}

/** Node has it, and tells it to nobody who asks politely. */
function descriptorOf(socket: Socket): number | undefined {
  const { _handle: handle } = socket as Socket & { _handle?: { fd?: number } | null };
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined;
}
