/* Every kind of failure, one row each: what it is called, and what it becomes at each border.
 *
 *   ERR_KIND(name, HTTP status, exit code, gRPC status, problem slug, problem title)
 *
 * A kind says what the caller can do about the failure; the message says what happened. */
/* clang-format off */
ERR_KIND(MALFORMED,       400,   1,  3, "malformed",           "The request cannot be parsed")
ERR_KIND(UNAUTHENTICATED, 401,   4, 16, "unauthenticated",     "Who asks is not proven")
ERR_KIND(FORBIDDEN,       403,   4,  7, "forbidden",           "Not allowed")
ERR_KIND(NOT_FOUND,       404,   1,  5, "not-found",           "Not found")
ERR_KIND(METHOD,          405,   1, 12, "method-not-allowed",  "Method not allowed")
ERR_KIND(STATE,           409,   7,  9, "wrong-state",         "Not possible in this state")
ERR_KIND(TOO_LARGE,       413,   1,  8, "too-large",           "Too large")
ERR_KIND(MEDIA_TYPE,      415,   1,  3, "media-type",          "Unsupported media type")
ERR_KIND(RANGE,           416,   1, 11, "range",               "Range not satisfiable")
ERR_KIND(INPUT,           422,   1,  3, "invalid-input",       "Not valid")
ERR_KIND(USAGE,           422,   2,  3, "usage",               "Used wrongly")
ERR_KIND(UNSUPPORTED,     422,   2, 12, "not-available",       "Not available")
ERR_KIND(UNTRUSTED,       422,   5,  9, "untrusted",           "Evidence not accepted")
ERR_KIND(TOO_MANY,        429,   1,  8, "too-many",            "Too many")
ERR_KIND(INTERNAL,        500,   1, 13, "internal",            "Internal error")
ERR_KIND(SYSTEM,          500,   1, 13, "system",              "The operating system refused")
ERR_KIND(UNREACHABLE,     502,   3, 14, "unreachable",         "Not reachable")
ERR_KIND(UNAVAILABLE,     503,   3, 14, "unavailable",         "Not available now")
ERR_KIND(TIMEOUT,         504,   3,  4, "timeout",             "Took too long")
ERR_KIND(NO_SPACE,        507,   1,  8, "no-space",            "No space left")
ERR_KIND(COMPUTATION,     409,   6, 10, "computation-failed",  "The computation failed")
ERR_KIND(INTERRUPTED,     503, 130,  1, "interrupted",         "Interrupted")
/* clang-format on */
