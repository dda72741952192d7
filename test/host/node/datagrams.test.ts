import { nodeDatagrams } from "#torus/host/node/datagrams.js";
import { itKeepsTheDatagramsContract } from "../datagrams-contract.js";

describe("the datagrams of Node", () => {
  itKeepsTheDatagramsContract(() => ({ datagrams: nodeDatagrams, settle: (promise) => promise }));
});
