/** Real switches of eight zones: by an hour, by half an hour, at midnight, for Ramadan, over the date line, and in a war. */

/** UTC instants at which the offset changes. All are long past or long announced. */
export const SWITCHES = {
  'Europe/Berlin': ['2025-03-30T01:00:00Z', '2025-10-26T01:00:00Z'],
  'America/New_York': ['2024-03-10T07:00:00Z', '2024-11-03T06:00:00Z'],
  'Australia/Lord_Howe': ['2024-04-06T15:00:00Z', '2024-10-05T15:30:00Z'],
  'Africa/Casablanca': ['2024-03-10T02:00:00Z', '2024-04-14T02:00:00Z'],
  'Asia/Kolkata': ['1941-09-30T18:30:00Z', '1942-05-14T17:30:00Z'],
  'America/Santiago': ['2024-04-07T03:00:00Z', '2024-09-08T04:00:00Z'],
  'Pacific/Apia': ['2011-12-30T10:00:00Z'],
  'Pacific/Kiritimati': ['1994-12-31T10:00:00Z'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export const ZONES = Object.keys(SWITCHES) as (keyof typeof SWITCHES)[];
