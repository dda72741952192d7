/** The pages of the HTTP port, as a function from requests to replies. It knows no sockets. */
import { Hono } from "hono/tiny";
import type { Registry } from "prom-client";
import { version } from "../base/version.js";
import type { Log } from "../host/log.js";
import { registryOf } from "./exposition.js";
import { allMetrics } from "./metrics.js";
import { whatIsMissing, whatIsWeak } from "./readiness.js";
import type { AdminSources } from "./sources.js";

const MILLIS_PER_SECOND = 1000;

interface Page {
  readonly path: string;
  readonly summary: string;
  readonly answer: (sources: AdminSources, scrape: Scrape) => Response | Promise<Response>;
}

type Scrape = () => Promise<Response>;

const pages: readonly Page[] = [
  { path: "/", summary: "this page", answer: index },
  {
    path: "/healthz",
    summary: "200 as long as the process serves its event loop: restart it if not",
    answer: health,
  },
  {
    path: "/readyz",
    summary:
      "200 if the node serves every key and has caught up, else 503 and what is missing: send clients elsewhere",
    answer: readiness,
  },
  {
    path: "/metrics",
    summary: "figures in the text format of Prometheus",
    answer: (_, scrape) => scrape(),
  },
];

export interface AdminApp {
  answer(request: Request): Response | Promise<Response>;
}

export function adminApp(sources: AdminSources, log: Log): AdminApp {
  const app = new Hono();
  const scrape = sharedScrape(registryOf(allMetrics, sources));
  app.use(async (context, next) => {
    await next();
    // What is so now is no answer for later.
    context.header("cache-control", "no-store");
  });
  for (const { path, answer } of pages) {
    app.get(path, () => answer(sources, scrape));
    app.all(path, (context) => {
      context.header("allow", "GET, HEAD");
      return context.json({ error: "method not allowed", allowed: ["GET", "HEAD"] }, 405);
    });
  }
  app.notFound((context) => context.json({ error: "not found", paths: pages.map(({ path }) => path) }, 404));
  app.onError((error, context) => {
    log.error("a page of the HTTP port failed", { path: context.req.path, error: String(error.stack) });
    return context.json({ error: "internal error, see the log" }, 500);
  });
  return { answer: (request) => app.fetch(request) };
}

/** Those who ask while figures are gathered get the same: a crowd costs little more than one. */
function sharedScrape(registry: Registry): Scrape {
  let underWay: Promise<string> | undefined;
  return async () => {
    underWay ??= registry.metrics().finally(() => {
      underWay = undefined;
    });
    return new Response(await underWay, { headers: { "content-type": registry.contentType } });
  };
}

function health({ node, stage }: AdminSources): Response {
  const uptimeMs = Math.max(0, node.clock.wallMs() - node.startedWallMs);
  return Response.json({
    status: "ok",
    stage: stage(),
    version,
    uptimeSeconds: Math.floor(uptimeMs / MILLIS_PER_SECOND),
  });
}

function readiness(sources: AdminSources): Response {
  const missing = whatIsMissing(sources);
  const isReady = missing.length === 0;
  const body = { ready: isReady, missing, warnings: whatIsWeak(sources) };
  return Response.json(body, { status: isReady ? 200 : 503 });
}

function index(): Response {
  const rows = pages.map(({ path, summary }) => `<dt><a href="${path}">${path}</a></dt><dd>${summary}</dd>`);
  const html = `<!doctype html><html lang="en"><title>TorusKV</title><h1>TorusKV ${version}</h1><dl>${rows.join("")}</dl></html>`;
  return new Response(html, { headers: { "content-type": "text/html; charset=utf-8" } });
}
