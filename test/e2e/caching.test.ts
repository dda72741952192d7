import { onEveryServer } from "../support/servers.js";
import type { Target } from "../support/target.js";
import { cachingSuite } from "./caching-suite.js";

onEveryServer("client-side caching", (start) => {
  let target: Target;

  before(async () => {
    target = await start();
  });
  after(() => target?.close());

  cachingSuite(() => [target.address.port]);
});
