/** The operator's log: one line an event, a sentence plus named values. Never on the path of a command. */
export interface Log {
  debug(message: string, values?: LogValues): void;
  info(message: string, values?: LogValues): void;
  warn(message: string, values?: LogValues): void;
  error(message: string, values?: LogValues): void;
}

export type LogValues = Readonly<Record<string, string | number | boolean | undefined>>;
