/**
 * The users of a node: who they are, what each may do, and what they were denied. They are the node's own: a cluster does not carry
 * them from node to node (docs/decisions/0026-acl.md).
 */
import type { Config } from "../../config/config.js";
import { ConfigError } from "../../config/config-error.js";
import type { ConfigStore } from "../../config/config-store.js";
import type { UserDeclaration } from "../../config/user-declarations.js";
import type { Cipher } from "../../host/cipher.js";
import type { Clock } from "../../host/clock.js";
import type { Files } from "../../host/files.js";
import type { Log } from "../../host/log.js";
import type { Random } from "../../host/random.js";
import type { Command } from "../command.js";
import { AccessLog } from "./access-log.js";
import { CommandCatalog } from "./command-catalog.js";
import { describeUser } from "./description.js";
import { hasSpaces } from "./selector.js";
import { joinSelectors, type RuleContext, UserRules } from "./user.js";
import { readUsers, writeUsers } from "./user-file.js";

export const DEFAULT_USER = "default";
const UNLIMITED = ["+@all", "~*", "&*"];
const NOTHING_CHANGED =
  "WARNING: ACL errors detected, no change to the previously active ACL rules was performed";

/** Sessions hold it: what a user may do changes, who it is does not. */
export interface User {
  readonly name: string;
  readonly rules: UserRules;
}

interface OwnUser extends User {
  rules: UserRules;
}

export interface AccessControlOptions {
  readonly commands: Iterable<Command>;
  readonly config: ConfigStore;
  readonly host: {
    readonly cipher: Cipher;
    readonly clock: Clock;
    readonly files: Files;
    readonly log: Log;
    readonly random: Random;
  };
}

export class AccessControl {
  readonly log: AccessLog;
  readonly #default: OwnUser;
  /** Called when a user has got other rules than it had; the server sets it. */
  changed: (user: User, before: UserRules) => void = () => {};
  readonly #catalog: CommandCatalog;
  readonly #config: ConfigStore;
  readonly #host: AccessControlOptions["host"];
  #users: ReadonlyMap<string, OwnUser>;

  constructor({ commands, config, host }: AccessControlOptions) {
    this.#catalog = CommandCatalog.of(commands);
    this.#config = config;
    this.#host = host;
    this.log = new AccessLog(() => config.current.acllogMaxLen);
    this.#default = { name: DEFAULT_USER, rules: this.#defaultRules() };
    this.#users = new Map([[DEFAULT_USER, this.#default]]);
    if (config.current.requirepass !== "") this.#setDefaultPassword(config.current.requirepass);
  }

  /** Takes the users of the configuration or of the file. Rejects with a `ConfigError` if they cannot be understood. */
  async start(): Promise<void> {
    const { aclfile, users } = this.#config.current;
    for (const declaration of users) this.#declare(declaration);
    if (aclfile !== "") {
      const outcome = await this.#loadFrom(aclfile);
      if (typeof outcome === "string") throw new ConfigError(outcome);
    }
  }

  /** What CONFIG SET changed. */
  reconfigure(now: Config, before: Config): void {
    if (now.requirepass === before.requirepass) return;
    const { rules } = this.#default;
    this.#setDefaultPassword(now.requirepass);
    this.changed(this.#default, rules);
  }

  /** Who has not logged in is this one. */
  get defaultUser(): User {
    return this.#default;
  }

  /** In the order of their names' bytes. */
  get users(): readonly User[] {
    return [...this.#users.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  find(name: string): User | undefined {
    return this.#users.get(name);
  }

  /** Whether who has not logged in may do nothing else. */
  get asksForPassword(): boolean {
    const { needsNoPassword, isOn } = this.defaultUser.rules;
    return !needsNoPassword || !isOn;
  }

  /** The user, if it is one and this is one of its passwords. Name and password are byte strings. */
  authenticate(name: string, password: string): User | undefined {
    const user = this.#users.get(name);
    if (user === undefined || !user.rules.isOn) return undefined;
    if (user.rules.needsNoPassword) return user;
    const hash = this.#hash(password);
    // All of them, so that the time taken tells nothing of which one was nearly right.
    let isRight = false;
    for (const known of user.rules.passwords) if (isEqualSecret(known, hash)) isRight = true;
    return isRight ? user : undefined;
  }

  /** Makes a user, or changes one, by all of the rules or, if there is something wrong with one, by none. */
  set(
    name: string,
    rules: readonly string[],
  ): { readonly rule: string; readonly problem: string } | undefined {
    const user = this.#users.get(name);
    const context = this.#context();
    const changed = user?.rules.copy(context) ?? UserRules.none(context);
    for (const rule of rules) {
      const problem = changed.apply(rule);
      if (problem !== undefined) return { rule, problem };
    }
    if (user === undefined) {
      this.#users = new Map(this.#users).set(name, { name, rules: changed });
    } else {
      const { rules: before } = user;
      user.rules = changed;
      this.changed(user, before);
    }
    return undefined;
  }

  /** Forgets users; answers those that there were. Their sessions are to be ended. */
  delete(names: readonly string[]): readonly User[] {
    const remaining = new Map(this.#users);
    const deleted = [...new Set(names)].flatMap((name) => this.#users.get(name) ?? []);
    for (const { name } of deleted) remaining.delete(name);
    this.#users = remaining;
    return deleted;
  }

  /**
   * ACL LOAD: replaces all users by those of the file. Answers those that were there until then, whose sessions are to be ended, or
   * what is wrong: then nothing has changed.
   */
  load(): Promise<readonly User[] | string> {
    return this.#loadFrom(this.#config.current.aclfile);
  }

  /** ACL SAVE. False if the file cannot be written; the log says why. */
  async save(): Promise<boolean> {
    const { aclfile } = this.#config.current;
    const users = this.users.map(({ name, rules }) => [name, rules] as const);
    try {
      await this.#host.files.replaceText(aclfile, writeUsers(users), "latin1");
      return true;
    } catch (error) {
      this.#host.log.warn("cannot save the users", { aclfile, error: (error as Error).message });
      return false;
    }
  }

  /**
   * What the configuration file has to say of users, so that the next start makes the same: nothing if the options say all. A string
   * says why it cannot: it is Unicode.
   */
  get declarations(): readonly UserDeclaration[] | string {
    if (this.#config.current.aclfile !== "") return [];
    const { users } = this;
    if (users.length === 1 && this.#isDefaultByOptions()) return [];
    const declarations = users.map(({ name, rules }) => {
      return { name, rules: describeUser(rules, { isForFile: true }).split(" ") };
    });
    const foreign = declarations.find(({ name, rules }) => ![name, ...rules].every(isUtf8));
    if (foreign === undefined) return declarations;
    return `user '${unicode(foreign.name)}' has a name or a pattern that is not UTF-8: keep users in 'aclfile'`;
  }

  /** A password that nobody guesses, of so many bits, in hexadecimal digits. */
  newPassword(bits: number): string {
    const digits = Math.ceil(bits / 4);
    const bytes = this.#host.random.bytes(Math.ceil(digits / 2));
    return Buffer.from(bytes).toString("hex").slice(0, digits);
  }

  #context(): RuleContext {
    const { aclPubsubDefault } = this.#config.current;
    const allowsAllChannels = aclPubsubDefault === "allchannels";
    return { catalog: this.#catalog, hash: (password) => this.#hash(password), allowsAllChannels };
  }

  #hash(password: string): string {
    return Buffer.from(this.#host.cipher.sha256(Buffer.from(password, "latin1"))).toString("hex");
  }

  #defaultRules(): UserRules {
    const rules = UserRules.none(this.#context());
    for (const rule of [...UNLIMITED, "on", "nopass"]) rules.apply(rule);
    return rules;
  }

  /** What the option `requirepass` says, in Unicode; empty: none is needed. */
  #setDefaultPassword(password: string): void {
    const rules = this.#default.rules.copy(this.#context());
    applyPassword(rules, password);
    this.#default.rules = rules;
  }

  #isDefaultByOptions(): boolean {
    const rules = this.#defaultRules();
    const { requirepass } = this.#config.current;
    if (requirepass !== "") applyPassword(rules, requirepass);
    return describeUser(rules) === describeUser(this.defaultUser.rules);
  }

  #declare({ name, rules: words }: UserDeclaration): void {
    const refuse = (problem: string) => new ConfigError(`user '${unicode(name)}': ${unicode(problem)}`);
    if (hasSpaces(name)) throw refuse("a name cannot contain spaces");
    const joined = joinSelectors(words);
    if ("unmatched" in joined) {
      const { unmatched } = joined;
      throw refuse(`unmatched parenthesis${mayHoldSecret(unmatched) ? "" : ` at '${unmatched}'`}`);
    }
    const isDefault = name === DEFAULT_USER;
    const failure = this.set(name, isDefault ? ["reset", ...joined.rules] : joined.rules);
    if (failure !== undefined) {
      throw refuse(mayHoldSecret(failure.rule) ? failure.problem : `'${failure.rule}': ${failure.problem}`);
    }
    if (!this.#users.get(name)!.rules.isOn) {
      this.#host.log.info("a user of the configuration cannot log in: its rules do not say 'on'", {
        user: unicode(name),
      });
    }
  }

  async #loadFrom(path: string): Promise<readonly User[] | string> {
    let text: string;
    try {
      text = await this.#host.files.readText(path, "latin1");
    } catch (error) {
      return `Error loading ACLs, opening file '${path}': ${(error as Error).message}`;
    }
    const { rulesByName, problems } = readUsers(text, path, this.#context());
    if (problems.length > 0) return `${problems.join("")}${NOTHING_CHANGED}`;
    // Not before the file was read: meanwhile others may have come, by ACL SETUSER or by another LOAD.
    const replaced = this.users.filter((user) => user !== this.#default);
    const { rules: before } = this.#default;
    this.#default.rules = rulesByName.get(DEFAULT_USER) ?? this.#defaultRules();
    const loaded = Array.from(rulesByName, ([name, rules]) => [name, { name, rules }] as const);
    this.#users = new Map<string, OwnUser>([...loaded, [DEFAULT_USER, this.#default]]);
    this.changed(this.#default, before);
    return replaced;
  }
}

function applyPassword(rules: UserRules, password: string): void {
  rules.apply("resetpass");
  rules.apply(password === "" ? "nopass" : `>${Buffer.from(password).toString("latin1")}`);
}

/** Behind these signs stand passwords and hashes, or what was meant as one, also between parentheses, where none belong. */
function mayHoldSecret(rule: string): boolean {
  return /(?:^|[\s(])[<>#!]/.test(rule);
}

/** Looks at every character whichever differ. */
function isEqualSecret(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ other.charCodeAt(i);
  return difference === 0;
}

function isUtf8(bytes: string): boolean {
  return Buffer.from(unicode(bytes)).toString("latin1") === bytes;
}

/** Text for people, of a byte string that is likely UTF-8. */
function unicode(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
