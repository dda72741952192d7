/** Options that both servers of a comparison are started with: nothing in their logs may depend on how fast they are. */
export const COMPARABLE = { "slowlog-log-slower-than": -1 } as const;
