/** What a process says of itself, as sd_notify(3) has it. What is not said is missing. */
export interface Notice {
  /** It has finished its start. */
  ready?: true;
  /** It is about to end. */
  stopping?: true;
  /** It lives. */
  beat?: true;
  /** It wants to be treated as one that does not. */
  ill?: true;
  /** In its own words what it does; empty: nothing to tell. */
  status?: string;
}

const LONGEST_STATUS = 500;

/** Reads `READY=1`, `STATUS=...` and so on, one on a line; systemd has more, which is passed over. */
export function readNotice(text: string): Notice {
  const notice: Notice = {};
  for (const line of text.split("\n")) {
    const equals = line.indexOf("=");
    const value = line.slice(equals + 1);
    switch (line.slice(0, Math.max(equals, 0))) {
      case "READY":
        if (value === "1") notice.ready = true;
        break;
      case "STOPPING":
        if (value === "1") notice.stopping = true;
        break;
      case "WATCHDOG":
        if (value === "1") notice.beat = true;
        else if (value === "trigger") notice.ill = true;
        break;
      case "STATUS":
        notice.status = value.slice(0, LONGEST_STATUS);
        break;
    }
  }
  return notice;
}
