/** What a reply promises: that the node which executed the command has it, or that a majority of the owners of its slot do. */
export type Level = "one" | "quorum";
