/* The worker's end of the pact (pact.h): one question after the other, a few may wait, and a
 * passage to the next process goes before them.
 *
 * Threads: any. */
#ifndef COCOS_AGENT_PACT_LINE_H
#define COCOS_AGENT_PACT_LINE_H

#include "services/agent-api/pact/pact.h"

#define LINE_QUEUE_MAX 8 /* questions for evidence that wait while one is answered */

struct line;

/* socket: taken. */
struct line *line_new(int socket);
void line_free(struct line *line);
DEFINE_OWNED(line)

/* How many wait for their turn at this moment. */
unsigned line_waiting(struct line *line);

/* The secret, which comes before anything is said; and that the other end is there. Errors: INPUT,
 * SYSTEM. */
MUST_USE int line_read_secret(struct line *line, struct pact_secret *ret, struct err *err);

/* Told without an answer. What cannot be told to a keeper that is gone is told to nobody: this
 * process is about to end. A text over the ceiling is left out. */
void line_tell(struct line *line, enum pact_kind kind, struct span text);
void line_tell_broken(struct line *line, const struct err *why);

/* Evidence, as the text of a bundle appended to out. own: of this process itself: it waits however
 * long the queue is. Errors: TOO_MANY (the queue is full), what the keeper says. */
MUST_USE int line_ask(struct line *line, const struct pact_ask *ask, bool own, struct buf *out,
                      struct err *err);

/* Answers a credential challenge. Errors: TOO_MANY, INPUT (longer than any), what the keeper says.
 */
MUST_USE int line_activate(struct line *line, struct span blob, struct span encrypted,
                           struct buf *secret, struct err *err);

/* The kernel's measurement list, and PCR 10 as it was just before, of SHA-256 and, if that is kept,
 * of SHA-1 behind it; see desk_read_ima(). Errors:
 * TOO_MANY, what the keeper says. */
MUST_USE int line_read_ima(struct line *line, struct buf *list, struct buf *pcr, struct err *err);

/* Has a manifest (in RFC 8785 form) measured and a process for it prepared; has that process, or
 * one that waits for the next manifest, take over; the state of the one that did. Errors: what the
 * keeper says. */
MUST_USE int line_offer(struct line *line, struct span manifest,
                        const uint8_t sha256[static SHA256_SIZE], struct err *err);
MUST_USE int line_leave(struct line *line, struct err *err);
MUST_USE int line_read_state(struct line *line, struct buf *out, struct err *err);

#endif
