/** The package brings no types; what is used of it. */
declare module 'pino-roll' {
  import type { DestinationStream } from 'pino';

  interface Options {
    /** With its extension; a number and a date are added. */
    readonly file: string;
    readonly frequency: 'daily';
    /** A date-fns format; without it a restart reopens yesterday's file. */
    readonly dateFormat: string;
    readonly mkdir: boolean;
  }
  export default function roll(options: Options): Promise<DestinationStream>;
}
