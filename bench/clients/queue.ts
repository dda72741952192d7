/**
 * Load client `queue`: a job queue on lists, sorted sets, hashes and a stream, as BullMQ keeps one, with the commands that its scripts call.
 * Producers add jobs, at once or for later; workers wait for them, lock, read and complete them; one client moves those that have become due and
 * drops the oldest of the completed. Every job must come to exactly one worker with what was put into it.
 */
import { randomUUID } from "node:crypto";
import { type ChainableCommander, Redis } from "ioredis";
import { serve } from "./serve.js";

export type QueueRequest =
  | { readonly kind: "connect"; readonly port: number; readonly producers: number; readonly workers: number }
  | { readonly kind: "work"; readonly jobs: number }
  | { readonly kind: "leave" };

export interface QueueAnswer {
  /** Commands that were answered. */
  readonly operations: number;
  readonly seconds: number;
  /** Jobs that came to nobody, to two workers, or with something else than was put into them, and what lies about when all are done. */
  readonly wrong: number;
}

/** One job in so many is for later. */
const delayedEvery = 8;
const delayMs = 20;
const keptMax = 1000;
const eventsMax = "10000";
const lockMs = 30_000;
const waitSeconds = 0.5;
const duePerStep = 100;
const schedulerPauseMs = 5;
/** What has not been done by then is lost. */
const workMsMax = 60_000;

const prefix = "bench:{queue}";
const names = {
  id: `${prefix}:id`,
  wait: `${prefix}:wait`,
  active: `${prefix}:active`,
  delayed: `${prefix}:delayed`,
  completed: `${prefix}:completed`,
  events: `${prefix}:events`,
} as const;

interface Crew {
  readonly producers: readonly Redis[];
  readonly workers: readonly Redis[];
  readonly scheduler: Redis;
}

let crew: Crew | undefined;

serve(async (request: QueueRequest): Promise<QueueAnswer | object> => {
  switch (request.kind) {
    case "connect":
      crew = await gather(request.port, request.producers, request.workers);
      return {};
    case "work":
      return work(crew!, request.jobs);
    case "leave":
      for (const redis of clientsOf(crew!)) redis.disconnect();
      crew = undefined;
      return {};
  }
});

async function gather(port: number, producers: number, workers: number): Promise<Crew> {
  const [scheduler, ...others] = await Promise.all(
    Array.from({ length: 1 + producers + workers }, async () => {
      const redis = new Redis({ port, host: "127.0.0.1", lazyConnect: true, retryStrategy: () => null });
      await redis.connect();
      return redis;
    }),
  );
  return { scheduler: scheduler!, producers: others.slice(0, producers), workers: others.slice(producers) };
}

function clientsOf({ producers, workers, scheduler }: Crew): readonly Redis[] {
  return [...producers, ...workers, scheduler];
}

async function work(crew: Crew, jobs: number): Promise<QueueAnswer> {
  const { scheduler } = crew;
  await scheduler.flushall();
  const shift = new Shift(jobs);
  const startedMs = performance.now();
  const deadline = setTimeout(() => shift.end(), workMsMax);
  await Promise.all([
    ...crew.producers.map((redis, i) => shift.produce(redis, i, crew.producers.length)),
    ...crew.workers.map((redis) => shift.consume(redis)),
    shift.schedule(scheduler),
  ]);
  clearTimeout(deadline);
  const seconds = (performance.now() - startedMs) / 1000;
  const [waiting, active, delayed, completed] = await Promise.all([
    scheduler.llen(names.wait),
    scheduler.llen(names.active),
    scheduler.zcard(names.delayed),
    scheduler.zcard(names.completed),
  ]);
  const left = waiting + active + delayed + Math.abs(completed - Math.min(jobs, keptMax));
  return { operations: shift.operations, seconds, wrong: shift.wrong + (jobs - shift.done.size) + left };
}

/** One run of so many jobs. */
class Shift {
  operations = 0;
  wrong = 0;
  /** By id. */
  readonly done = new Set<string>();
  #isOver = false;

  constructor(private readonly jobs: number) {}

  end(): void {
    this.#isOver = true;
  }

  private get isOver(): boolean {
    return this.#isOver || this.done.size >= this.jobs;
  }

  /** Adds the jobs of one of several producers. */
  async produce(redis: Redis, index: number, producers: number): Promise<void> {
    for (let number = index; number < this.jobs && !this.isOver; number += producers) {
      const id = String(await this.count(redis.incr(names.id)));
      const job = redis.multi().hset(jobKey(id), {
        name: "send",
        data: dataOf(id),
        opts: '{"attempts":3}',
        timestamp: Date.now(),
        delay: 0,
        priority: 0,
      });
      if (number % delayedEvery === 0) job.zadd(names.delayed, Date.now() + delayMs, id);
      else job.lpush(names.wait, id);
      await this.execute(job.xadd(names.events, ...eventsLimit, "*", "event", "added", "jobId", id));
    }
  }

  /** Waits for jobs and does them until all are done. */
  async consume(redis: Redis): Promise<void> {
    const token = randomUUID();
    while (!this.isOver) {
      const id = await this.count(redis.blmove(names.wait, names.active, "RIGHT", "LEFT", waitSeconds));
      if (id !== null) await this.complete(redis, id, token);
    }
  }

  private async complete(redis: Redis, id: string, token: string): Promise<void> {
    const locked = await this.count(redis.set(lockKey(id), token, "PX", lockMs, "NX"));
    await this.count(redis.hset(jobKey(id), "processedOn", Date.now()));
    const { data } = await this.count(redis.hgetall(jobKey(id)));
    if (locked !== "OK" || data !== dataOf(id) || this.done.has(id)) this.wrong++;
    await this.execute(
      redis
        .multi()
        .lrem(names.active, 1, id)
        .del(lockKey(id))
        .hset(jobKey(id), "returnvalue", '"sent"', "finishedOn", Date.now())
        .zadd(names.completed, Date.now(), id)
        .xadd(names.events, ...eventsLimit, "*", "event", "completed", "jobId", id),
    );
    this.done.add(id);
  }

  /** Moves what has become due, and drops completed jobs beyond those that are kept. */
  async schedule(redis: Redis): Promise<void> {
    while (!this.isOver) {
      await this.moveDue(redis);
      await this.dropOld(redis);
      await new Promise((resolve) => setTimeout(resolve, schedulerPauseMs));
    }
    await this.dropOld(redis);
  }

  private async moveDue(redis: Redis): Promise<void> {
    const due = await this.count(redis.zrangebyscore(names.delayed, 0, Date.now(), "LIMIT", 0, duePerStep));
    if (due.length > 0)
      await this.execute(
        redis
          .multi()
          .zrem(names.delayed, ...due)
          .lpush(names.wait, ...due),
      );
  }

  private async dropOld(redis: Redis): Promise<void> {
    const old = await this.count(redis.zrange(names.completed, 0, String(-keptMax - 1)));
    if (old.length === 0) return;
    await this.execute(
      redis
        .multi()
        .zremrangebyrank(names.completed, 0, old.length - 1)
        .del(...old.map(jobKey)),
    );
  }

  private async count<Value>(answer: Promise<Value>): Promise<Value> {
    const value = await answer;
    this.operations++;
    return value;
  }

  /** MULTI and EXEC are commands as well. Throws if any of them failed. */
  private async execute(transaction: ChainableCommander): Promise<void> {
    const results = await transaction.exec();
    for (const [error] of results ?? []) if (error) throw error;
    this.operations += transaction.length;
  }
}

const eventsLimit = ["MAXLEN", "~", eventsMax] as const;

function jobKey(id: string): string {
  return `${prefix}:${id}`;
}

function lockKey(id: string): string {
  return `${prefix}:${id}:lock`;
}

/** Some hundred bytes, of which each job has its own. */
function dataOf(id: string): string {
  return JSON.stringify({
    to: `user-${id}@example.org`,
    template: "welcome",
    locale: "en",
    payload: id.repeat(16),
  });
}
