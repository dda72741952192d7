/** Makes a promise that is rejected and that nobody waits for fail the test at hand, as it would end a node. Mocha alone says nothing. */
process.on("unhandledRejection", (reason) => {
  throw reason;
});
