import { type Case, conf, good, program, refused, runs, together } from "../../support/cases.ts";

const breaks = (text: string): Case =>
  refused(`environment, bad: ${JSON.stringify(text)}`, conf(program(`environment=${text}`)));

const both = (name: string, main: string, own: string, more?: object): Case =>
  runs(name, conf(program(`environment=${own}`), `environment=${main}`), more);

/** Section 5 of config.md, `environment`, and section 10. */
export const environments: readonly Case[] = [
  breaks("A"),
  breaks("A="),
  breaks("=1"),
  breaks("A=a@b"),
  breaks("A=a=b"),
  breaks("A=1 B=2"),
  breaks("A=1\n  B=2"),
  breaks("A=1,,B=2"),
  breaks(",A=1"),
  breaks("A=http://x:80/y?z"),
  breaks('A="1'),
  breaks("A='1"),
  breaks("A=1,B"),
  breaks("A:1"),
  together(
    "pairs of environment=",
    [
      "A=1,B=2",
      " A = 1 , B = 2 ",
      "A=1,\n  B=2",
      "\n  A=1,\n\n  B=2,\n",
      "A=\"1,2\",B='x y'",
      "A=1,B=2,",
      "A=1,A=2",
      "",
      'A=""',
      "A=''",
      "A='#1'",
      "A=/usr/bin:/bin",
      "A=http://x:80/y",
      "A=a.b-c_d+e(f)",
      'A="a@b=c;d$e~f?g&h|i!j{k}[l]"',
      'A="it\'s"',
      "A=x#y",
      "A=1;B=2",
      "A=a b",
      "A=~x",
      "A==1",
      "A=1=B=2".replace("=B", ",B"),
      'A="é",É=è',
      'A="a%%b"',
      'lower="1",with-dash="2",with.dot="3"',
      'A="1" B="2"'.replace(" B", ",B"),
      'A="line one\n  line two"',
      "1=2,_=3",
    ].map((text) => `environment=${text}`),
  ),

  // What the child sees.
  both("the environment of a program wins", 'A="main",B="main"', 'A="own"'),
  both("of everything the daemon had", 'X="main",Y="main"', 'Y="own"', {
    env: { X: "daemon", Y: "daemon", Z: "daemon" },
  }),
  both(
    "SUPERVISOR_* can be set",
    'SUPERVISOR_ENABLED="x",SUPERVISOR_GROUP_NAME="g"',
    'SUPERVISOR_SERVER_URL="u",SUPERVISOR_PROCESS_NAME="p"',
  ),
  runs("SUPERVISOR_* that the daemon had", conf(program()), {
    env: {
      SUPERVISOR_ENABLED: "0",
      SUPERVISOR_PROCESS_NAME: "x",
      SUPERVISOR_GROUP_NAME: "y",
      SUPERVISOR_SERVER_URL: "z",
    },
  }),
  runs(
    "no server, and one that the daemon had",
    `[supervisord]\nrundir=%(here)s/run\n${program()}`,
    {
      env: { SUPERVISOR_SERVER_URL: "inherited" },
    },
  ),
  runs("no server", `[supervisord]\nrundir=%(here)s/run\n${program()}`),
  together("serverurl", ["serverurl=http://example.org:1", "serverurl= auto "]),
  good("serverurl="),
  runs("an environment with odd names and values", conf(program('environment=PATH="/nowhere"')), {
    env: {
      HOME: "/h",
      USER: "u",
      LOGNAME: "l",
      "a b": "c d",
      "x.y": "1=2",
      EMPTY: "",
      LINES_: "1\n2",
      PER: "100%",
    },
  }),
];
