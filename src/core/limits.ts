/** Every bound of the product, with its unit and its reason. `policy-language` §11 and §2 own the policy's. */

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** A policy in YAML: a parser that builds a tree needs about 100 times the text. */
export const POLICY_YAML_MAX_BYTES = 4 * MIB;
export const POLICY_YAML_MAX_RULES = 10_000;
export const POLICY_JSON_MAX_BYTES = 16 * MIB;
export const POLICY_JSON_MAX_RULES = 100_000;
export const POLICY_MAX_ALIASES = 100;
/** Different JSON paths in one policy; the engine keeps a slot for each. */
export const POLICY_MAX_JSON_PATHS = 512;
/** Files in `policy.d`: each is an engine of its own that every decision asks. */
export const POLICY_MAX_LAYERS = 64;
/** A signature beside a policy. */
export const ENVELOPE_MAX_BYTES = 64 * KIB;
export const RULE_NAME_MAX_BYTES = 128;
export const HINT_MAX_BYTES = 512;
export const RULE_MAX_MATCHERS = 64;
export const PATTERN_MAX_BYTES = 1024;
export const PATTERN_MAX_SEGMENTS = 64;
export const LIST_MAX_STRINGS = 256;
/** `in` and `not_in` hold data rather than patterns. */
export const LIST_MAX_OPERANDS = 10_000;
export const REGEX_MAX_CHARACTERS = 256;
/** Of one pattern, after minimising. */
export const REGEX_MAX_STATES = 4096;
/** Tables of all different patterns of a policy together. */
export const REGEX_MAX_POLICY_BYTES = 4 * MIB;
export const LIMIT_MAX_CALLS = 1_000_000;
export const TESTS_MAX = 10_000;
export const TEST_MAX_REPEAT = 100_000;
/** Decisions of one run of `tests`, each KiB of a body counted as one more: a second or two. */
export const TESTS_MAX_COST = 1_000_000;
/** A run that costs more is left to a worker, so that no decision waits for it. */
export const TESTS_INLINE_MAX_COST = 2_000;

/** Longer URLs are refused as invalid; servers differ on what they do with them. */
export const URL_MAX_BYTES = 16 * KIB;
export const URL_MAX_SEGMENTS = 256;
export const METHOD_MAX_BYTES = 64;
export const TOOL_NAME_MAX_BYTES = 1024;
/** Header lines handed to the engine, names and values together. */
export const HEADERS_MAX_BYTES = 256 * KIB;
/** A body is inspected up to here unless configured otherwise. */
export const BODY_INSPECT_DEFAULT_BYTES = 1 * MIB;
export const BODY_INSPECT_MAX_BYTES = 64 * MIB;
export const JSON_MAX_DEPTH = 128;
export const DECIMAL_MAX_DIGITS = 1024;
export const DECIMAL_MAX_EXPONENT = 100_000;

/** Fluent Bit abandons a file with a line over 32 KiB; half of that leaves room for what shippers add. */
export const AUDIT_LINE_MAX_BYTES = 16 * KIB;
/** A file of the log that turns itself over: room for some lines at least, and no more than a filesystem holds. */
export const AUDIT_FILE_MIN_BYTES = 64 * KIB;
export const AUDIT_FILE_MAX_BYTES = 1024 * 1024 * MIB;
export const AUDIT_RESERVE_MAX_BYTES = 1024 * MIB;
export const CHECKPOINT_EVERY_RECORDS = 1024;
export const CHECKPOINT_EVERY_MS = 1000;
/** Denials, kills and policy changes ask for an early checkpoint; at most ten a second. */
export const CHECKPOINT_MIN_GAP_MS = 100;

/** A key signs for so long at most; with a file it ends sooner. */
export const EPOCH_MAX_MS = 24 * 3_600_000;

/** More denials of one agent are answered later: a loop that retries must not fill the disk. */
export const DENIALS_PER_SECOND = 50;
export const DENIAL_WAIT_MAX_MS = 5000;

/** Records that the daemon takes at once, and their bytes: well below what a body may have. */
export const REPORT_MAX_RECORDS = 256;
export const REPORT_MAX_BYTES = 1 * MIB;
/** Records that wait for the daemon in the library, and their characters: a few megabytes. */
export const HANDOVER_MAX_RECORDS = 4096;
export const HANDOVER_MAX_CHARS = 4 * MIB;
/** The daemon answers in a fraction of a millisecond, or has a disk to wait for; after this it counts as gone. */
export const HANDOVER_ANSWER_MS = 5000;
export const HANDOVER_RETRY_MS = 500;
/** Processes of one agent whose reports are known again when they come twice. */
export const REPORTERS_MAX_PER_AGENT = 4096;

export const KILLSWITCH_MAX_BYTES = 4 * KIB;
export const KILLSWITCH_REASON_MAX_CHARS = 200;
/** Milliseconds that break glass may last. */
export const BREAK_GLASS_MAX_MS = 3_600_000;
export const POLL_EVERY_MS = 1000;
export const SETTLE_NEW_INODE_MS = 20;
export const SETTLE_IN_PLACE_MS = 1000;
export const SETTLE_REPORT_AFTER_MS = 5000;
/** From the first change of a run on, this long, a built policy is dropped for a newer file; then it goes live. */
export const RELOAD_STARVED_MS = 2000;
/** Above this a policy is compiled in a worker, so that no decision waits for it. */
export const COMPILE_INLINE_MAX_BYTES = 64 * KIB;
/** As is one whose regular expressions take about so many milliseconds. */
export const REGEX_INLINE_MAX_COST = 40;

/** Twenty of ours. */
export const ENGINE_FILE_MAX_BYTES = MIB;
/** Before it has any program; ours begins with one page of 64 KiB or two. */
export const ENGINE_MEMORY_START_MAX_BYTES = 16 * MIB;
/** A new engine that is silent for so long, while it is proven, has hung. */
export const ENGINE_SILENT_MAX_MS = 30_000;

export const REDIRECT_MAX_HOPS = 20;
export const HOOK_TIMEOUT_MS = 1000;

/** Events that wait for a slow sink, and calls whose outcome is waited for; a few megabytes. */
export const TELEMETRY_MAX_EVENTS = 10_000;
export const TELEMETRY_MAX_CALLS = 10_000;
/** A sink has this long to write what it holds when the agent closes. */
export const TELEMETRY_CLOSE_MS = 2000;
