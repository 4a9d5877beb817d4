/** The clocks of the machine at one moment, for what must be told from one process to the next. */
export interface SystemClocks {
  /** Milliseconds since 1970. */
  readonly wallMs: number;
  /** Milliseconds since the machine started; no setting of the wall clock moves it. */
  readonly bootMs: number;
  /** Which start of the machine `bootMs` belongs to; null: it cannot be told. */
  readonly bootId: string | null;
}
