import { anyPath } from "../kinds/paths.ts";
import { option } from "../table.ts";

/** Of the daemon's options the one that tells others where it is. */
export const rundirOptions = {
  rundir: option({
    kind: anyPath,
    default: undefined,
    origin: "drover",
    example: "/run/drover",
    doc:
      "Folder for the socket, the children's channels and the daemon's state; made when missing. " +
      "Not set: /run/drover for root, else drover in XDG_RUNTIME_DIR, else drover-UID in the temporary folder.",
  }),
};
