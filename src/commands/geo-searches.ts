/** GEOSEARCH and the commands that it replaced: https://redis.io/docs/latest/commands/geosearch/ */
import type { Shape } from "../base/earth.js";
import { type Place, placeOf } from "../base/geohash.js";
import { NOWHERE } from "../keyspace/arena.js";
import { NearbyMembers } from "../keyspace/nearby-members.js";
import { scoreOf } from "../keyspace/ranked-members.js";
import { ScoredMembers } from "../keyspace/scored-members.js";
import { ReplyError, SYNTAX_ERROR } from "../protocol/reply-error.js";
import type { Call } from "./call.js";
import { type Command, type Declaration, data, keyAt1, keyBehind } from "./command.js";
import { readPlace, readUnit, replyDistance, replyPlace } from "./geo-arguments.js";
import { placeAt } from "./geo-places.js";
import { ROOM_OF_STORED, withinRoom } from "./room.js";
import { readScoreArgument } from "./score-arguments.js";
import { storeScored } from "./sorted-set-ranges.js";
import { openForReading } from "./sorted-set-reads.js";

const NOT_A_RADIUS = "ERR need numeric radius";
const NOT_A_WIDTH = "ERR need numeric width";
const NOT_A_HEIGHT = "ERR need numeric height";
const RADIUS_NEGATIVE = "ERR radius cannot be negative";
const SIDE_NEGATIVE = "ERR height or width cannot be negative";
const COUNT_NOT_POSITIVE = "ERR COUNT must be > 0";
const ANY_ALONE = "ERR the ANY argument requires COUNT argument";
const NOT_A_PLACE = "ERR could not decode requested zset member";
const STORED_WITH_MORE = "is not compatible with WITHDIST, WITHHASH and WITHCOORD options";

const UNIT = "unit=(M|KM|FT|MI)";
const WITH = "[WITHCOORD] [WITHDIST] [WITHHASH]";
const COUNT = "[count=(COUNT count:integer [ANY])]";
const COUNT_AND_LATER_ANY = "[count=(COUNT count:integer [ANY@6.2.0])]";
const SHAPE =
  "from=(FROMMEMBER member|FROMLONLAT (longitude:double latitude:double)) " +
  `by=(circle=(BYRADIUS radius:double ${UNIT})|box=(BYBOX width:double height:double ${UNIT}))`;
const STORE = "[STORE key#1] [STOREDIST key#2]";
const COMPLEXITY = "O(N + log M) in members near the shape and in members of the set";

const searching = {
  group: "geo",
  flags: ["readonly"],
  keys: keyAt1("RO", "access"),
  complexity: COMPLEXITY,
} as const satisfies Partial<Declaration>;

const DISTANCES_DIFFER =
  "The last digits of distances that are kept as scores may be others: sines in JavaScript are not C's.";

/** What GEORADIUS and GEORADIUSBYMEMBER have in common; their option STORE may stand from an argument on. */
function storing(first: number) {
  return {
    ...searching,
    flags: ["write", "denyoom", "movablekeys"],
    keys: [
      ...keyAt1("RO", "access"),
      keyBehind("STORE", first, "OW", "update"),
      keyBehind("STOREDIST", first, "OW", "update"),
    ],
    deprecatedSince: "6.2.0",
    differs: DISTANCES_DIFFER,
  } as const satisfies Partial<Declaration>;
}

export const geoSearches: readonly Command[] = [
  data({
    name: "geosearch",
    ...searching,
    arity: -7,
    syntax: `key ${SHAPE} [order=(ASC|DESC)] ${COUNT} ${WITH}`,
    since: "6.2.0",
    summary: "Lists the members that are in a circle or a box around a place or another member.",
    history: [["7.0.0", "Units in capitals"]],
    run: (call) => search(call, { command: "geosearch", setAt: 1, options: 2, destination: null }),
  }),
  data({
    name: "geosearchstore",
    ...searching,
    arity: -8,
    flags: ["write", "denyoom"],
    keys: [
      { first: 1, last: 1, step: 1, access: ["OW", "update"] },
      { first: 2, last: 2, step: 1, access: ["RO", "access"] },
    ],
    syntax: `destination#0 source#1 ${SHAPE} [order=(ASC|DESC)] ${COUNT} [STOREDIST]`,
    since: "6.2.0",
    summary:
      "Keeps the members that are in a circle or a box around a place or another member, and answers how many there are.",
    history: [["7.0.0", "Units in capitals"]],
    differs: DISTANCES_DIFFER,
    run: (call) => search(call, { command: "geosearchstore", setAt: 2, options: 3, destination: 1 }),
  }),
  data({
    name: "georadius",
    ...storing(6),
    arity: -6,
    syntax: `key longitude:double latitude:double radius:double ${UNIT} ${WITH} ${COUNT_AND_LATER_ANY} [order=(ASC|DESC)] ${STORE}`,
    since: "3.2.0",
    replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` argument",
    summary: "Lists or keeps the members that are in a circle around a place.",
    history: [
      ["6.2.0", "ANY"],
      ["7.0.0", "Units in capitals"],
    ],
    run: (call) => search(call, { ...AROUND_PLACE, command: "georadius" }),
  }),
  data({
    name: "georadius_ro",
    ...searching,
    arity: -6,
    syntax: `key longitude:double latitude:double radius:double ${UNIT} ${WITH} ${COUNT_AND_LATER_ANY} [order=(ASC|DESC)]`,
    since: "3.2.10",
    deprecatedSince: "6.2.0",
    replacedBy: "`GEOSEARCH` with the `BYRADIUS` argument",
    summary: "Lists the members that are in a circle around a place.",
    history: [["6.2.0", "ANY"]],
    run: (call) => search(call, { ...AROUND_PLACE, command: "georadius_ro" }),
  }),
  data({
    name: "georadiusbymember",
    ...storing(5),
    arity: -5,
    syntax: `key member radius:double ${UNIT} ${WITH} ${COUNT} [order=(ASC|DESC)] ${STORE}`,
    since: "3.2.0",
    replacedBy: "`GEOSEARCH` and `GEOSEARCHSTORE` with the `BYRADIUS` and `FROMMEMBER` arguments",
    summary: "Lists or keeps the members that are in a circle around another one.",
    history: [["7.0.0", "Units in capitals"]],
    run: (call) => search(call, { ...AROUND_MEMBER, command: "georadiusbymember" }),
  }),
  data({
    name: "georadiusbymember_ro",
    ...searching,
    arity: -5,
    syntax: `key member radius:double ${UNIT} ${WITH} ${COUNT} [order=(ASC|DESC)]`,
    since: "3.2.10",
    deprecatedSince: "6.2.0",
    replacedBy: "`GEOSEARCH` with the `BYRADIUS` and `FROMMEMBER` arguments",
    summary: "Lists the members that are in a circle around another one.",
    run: (call) => search(call, { ...AROUND_MEMBER, command: "georadiusbymember_ro" }),
  }),
];

/** What the name of a command says of its arguments. */
interface Form {
  readonly command: string;
  readonly setAt: number;
  /** The first argument that may be an option. */
  readonly options: number;
  /** The argument that is the key of what is kept. */
  readonly destination: number | null;
  /** Where the older commands have their center and, behind it, the radius. */
  readonly center?: { readonly kind: "place" | "member"; readonly at: number };
}

const AROUND_PLACE = { setAt: 1, options: 6, destination: null, center: { kind: "place", at: 2 } } as const;
const AROUND_MEMBER = { setAt: 1, options: 5, destination: null, center: { kind: "member", at: 2 } } as const;

interface Request {
  /** What the center was given as. */
  from: "member" | "place" | undefined;
  /** Undefined also if that is a member of a set that is not there. */
  center: Place | undefined;
  shape: Shape | undefined;
  /** Meters of the unit in which distances are answered. */
  unit: number;
  order: "nearest" | "furthest" | undefined;
  /** 0 if there is none. */
  count: number;
  isAnyEnough: boolean;
  withDistance: boolean;
  withHash: boolean;
  withPlace: boolean;
  destination: number | null;
  storesDistance: boolean;
}

function search(call: Call, form: Form): void {
  const { keyspace, reply } = call;
  const isThere = openForReading(call, form.setAt) !== NOWHERE;
  const request = readRequest(call, form, isThere);
  const { center, shape, count, isAnyEnough, destination } = request;
  const found = new NearbyMembers();
  if (isThere)
    found.find(keyspace, { center: center!, shape: shape!, limit: isAnyEnough ? count : Infinity });
  // The nearest are asked for if so many are; any are in the order in which they come.
  const order = request.order ?? (count > 0 && !isAnyEnough ? "nearest" : undefined);
  if (order !== undefined) found.sort(order);
  const answered = count === 0 ? found.length : Math.min(count, found.length);
  if (destination === null) answer(call, request, found, answered);
  else reply.integer(store(call, form, request, found, answered));
}

function answer(call: Call, request: Request, found: NearbyMembers, count: number): void {
  const { reply } = call;
  const { withDistance, withHash, withPlace, unit } = request;
  const parts = 1 + Number(withDistance) + Number(withHash) + Number(withPlace);
  reply.array(count);
  found.forEach(count, (member, meters) => {
    const hash = scoreOf(member);
    const { bytes, start, end } = member.field;
    if (parts > 1) reply.array(parts);
    reply.bulk(bytes, start, end);
    if (withDistance) replyDistance(reply, meters / unit);
    if (withHash) reply.integer(Math.trunc(hash));
    if (withPlace) replyPlace(reply, placeOf(hash));
  });
}

function store(call: Call, form: Form, request: Request, found: NearbyMembers, count: number): number {
  const event = form.center === undefined ? "geosearchstore" : "georadiusstore";
  const { storesDistance, unit, destination } = request;
  const members = new ScoredMembers(ROOM_OF_STORED.bytesMax);
  withinRoom(ROOM_OF_STORED, () =>
    found.forEach(count, (member, meters) => {
      members.append(member.field, storesDistance ? meters / unit : scoreOf(member));
    }),
  );
  return storeScored(call, event, (add) => members.forEachInOrder(add), {
    destination: destination!,
    countsMembers: true,
  });
}

function readRequest(call: Call, form: Form, isThere: boolean): Request {
  const request: Request = {
    from: undefined,
    center: undefined,
    shape: undefined,
    unit: 1,
    order: undefined,
    count: 0,
    isAnyEnough: false,
    withDistance: false,
    withHash: false,
    withPlace: false,
    destination: form.destination,
    storesDistance: false,
  };
  if (form.center !== undefined) readCircle(call, form.center, request, isThere);
  for (let i = form.options; i < call.count; ) {
    const words = readPlainOption(call, i, request) || readOwnOption(call, i, form, request, isThere);
    if (words === 0) throw new ReplyError(SYNTAX_ERROR);
    i += words;
  }
  refuseContradictions(call, form, request);
  return request;
}

/** Center and radius of the older commands. Where there is no set the radius around a member is not even read, as in Redis. */
function readCircle(
  call: Call,
  { kind, at }: NonNullable<Form["center"]>,
  request: Request,
  isThere: boolean,
): void {
  if (kind === "place") {
    request.center = readPlace(call, at);
    readRadius(call, at + 2, request);
  } else if (isThere) {
    request.center = readMember(call, at);
    readRadius(call, at + 1, request);
  }
}

/** Reads an option that all take. Answers how many words it has, 0 if it is none of them. */
function readPlainOption(call: Call, at: number, request: Request): number {
  if (call.is(at, "withdist")) request.withDistance = true;
  else if (call.is(at, "withhash")) request.withHash = true;
  else if (call.is(at, "withcoord")) request.withPlace = true;
  else if (call.is(at, "any")) request.isAnyEnough = true;
  else if (call.is(at, "asc")) request.order = "nearest";
  else if (call.is(at, "desc")) request.order = "furthest";
  else if (call.is(at, "count") && at + 1 < call.count) return readCount(call, at + 1, request);
  else return 0;
  return 1;
}

function readCount(call: Call, at: number, request: Request): number {
  request.count = call.integer(at);
  if (request.count <= 0) throw new ReplyError(COUNT_NOT_POSITIVE);
  return 2;
}

/** The same of those that only some take. */
function readOwnOption(call: Call, at: number, form: Form, request: Request, isThere: boolean): number {
  return form.center === undefined
    ? readShapeOption(call, at, form, request, isThere)
    : readStoreOption(call, at, form, request);
}

function readStoreOption(call: Call, at: number, { command }: Form, request: Request): number {
  const storesDistance = call.is(at, "storedist");
  if (command.endsWith("_ro") || at + 1 >= call.count) return 0;
  if (!storesDistance && !call.is(at, "store")) return 0;
  request.destination = at + 1;
  request.storesDistance = storesDistance;
  return 2;
}

function readShapeOption(call: Call, at: number, form: Form, request: Request, isThere: boolean): number {
  const left = call.count - at - 1;
  const { from, shape } = request;
  if (form.destination !== null && call.is(at, "storedist")) {
    request.storesDistance = true;
    return 1;
  }
  if (left >= 1 && call.is(at, "frommember") && from !== "place") {
    request.from = "member";
    if (isThere) request.center = readMember(call, at + 1);
    return 2;
  }
  if (left >= 2 && call.is(at, "fromlonlat") && from !== "member") {
    request.from = "place";
    request.center = readPlace(call, at + 1);
    return 3;
  }
  if (left >= 2 && call.is(at, "byradius") && shape?.kind !== "box") {
    readRadius(call, at + 1, request);
    return 3;
  }
  if (left >= 3 && call.is(at, "bybox") && shape?.kind !== "circle") {
    readBox(call, at + 1, request);
    return 4;
  }
  return 0;
}

function readMember(call: Call, at: number): Place {
  const place = placeAt(call, call.keyspace.at, at);
  if (place === undefined) throw new ReplyError(NOT_A_PLACE);
  return place;
}

function readRadius(call: Call, at: number, request: Request): void {
  const radius = readScoreArgument(call, at, NOT_A_RADIUS);
  if (radius < 0) throw new ReplyError(RADIUS_NEGATIVE);
  request.unit = readUnit(call, at + 1);
  request.shape = { kind: "circle", radiusMeters: radius * request.unit };
}

function readBox(call: Call, at: number, request: Request): void {
  const width = readScoreArgument(call, at, NOT_A_WIDTH);
  const height = readScoreArgument(call, at + 1, NOT_A_HEIGHT);
  if (width < 0 || height < 0) throw new ReplyError(SIDE_NEGATIVE);
  const unit = readUnit(call, at + 2);
  request.unit = unit;
  request.shape = { kind: "box", widthMeters: width * unit, heightMeters: height * unit };
}

function refuseContradictions(call: Call, form: Form, request: Request): void {
  const { from, shape, destination, count, isAnyEnough } = request;
  const { withDistance, withHash, withPlace } = request;
  const isOlder = form.center !== undefined;
  if (destination !== null && (withDistance || withHash || withPlace)) {
    const what = isOlder ? "STORE option in GEORADIUS" : "GEOSEARCHSTORE";
    throw new ReplyError(`ERR ${what} ${STORED_WITH_MORE}`);
  }
  if (!isOlder && from === undefined) refuseMissing(call, "FROMMEMBER or FROMLONLAT");
  if (!isOlder && shape === undefined) refuseMissing(call, "BYRADIUS and BYBOX");
  if (isAnyEnough && count === 0) throw new ReplyError(ANY_ALONE);
}

function refuseMissing(call: Call, what: string): never {
  throw new ReplyError(`ERR exactly one of ${what} can be specified for ${call.text(0)}`);
}
