/* What is said to a computation server: messages of cvms.ClientStreamMessage, each as its bytes,
 * appended to out. Text that is not UTF-8 or cannot be printed is shown as text_add_printable()
 * shows it: a server may refuse a whole message for it. Errors: TOO_LARGE. */
#ifndef COCOS_GATEWAY_CVMS_WORDS_H
#define COCOS_GATEWAY_CVMS_WORDS_H

#include "lib/base/buf.h"
#include "lib/json/json.h"

#define WORDS_LINE_MAX 4096 /* of a log's line; a longer one is cut */

struct words_event {
    const char *computation, *type, *status;
    int64_t time;             /* seconds since 1970 */
    const struct json *about; /* goes into `details`; NULL: nothing does */
};

MUST_USE int words_log(const char *computation, const char *level, struct span text, int64_t time,
                       struct buf *out, struct err *err);
MUST_USE int words_event(const struct words_event *event, struct buf *out, struct err *err);
MUST_USE int words_run(const char *computation, const char *error, struct buf *out,
                       struct err *err);
MUST_USE int words_stop(const char *computation, const char *message, struct buf *out,
                        struct err *err);
MUST_USE int words_state(const char *id, const char *state, struct buf *out, struct err *err);
/* With nothing in it. */
MUST_USE int words_evidence(struct buf *out, struct err *err);

/* What the older programs tell when a computation goes from one state to another: their event's
 * type and status, in order, for index 0, 1, ..; false after the last. `to` NULL: it was stopped.
 */
struct words_step {
    const char *type, *status;
};
bool words_step(const char *from, const char *to, size_t index, struct words_step *ret);

#endif
