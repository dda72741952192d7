import type { Http } from "../http.js";

/** HTTP over `node:http`, of which nothing is loaded by a process that does not listen. */
export const nodeHttp: Http = {
  async listen(address, handler) {
    const { listen } = await import("./http-listener.js");
    return listen(address, handler);
  },
};
