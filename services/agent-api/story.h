/* The events, and whose they are: those of a computation begin with the one that sets its manifest
 * and end with the one that leads back to ReceivingManifest. Whoever was admitted to one
 * computation reads its events and those of no other, also when another has the same id.
 *
 * Thread-safe. */
#ifndef COCOS_AGENT_STORY_H
#define COCOS_AGENT_STORY_H

#include "lib/computation/manifest.h"
#include "lib/program/event.h"

struct story;

/* Keeps the last max events; their ids follow that of the last one that was told before. */
struct story *story_new(size_t max, uint64_t last_id);
void story_free(struct story *story);
DEFINE_OWNED(story)

/* Appends and gives the id; types and data are the engine's notices (data is taken), told in their
 * order. */
uint64_t story_add(struct story *story, int64_t now, const char *type, const char *subject,
                   struct json *data);

/* All events of all computations; borrowed. */
struct event_log *story_log(const struct story *story);

/* Finds the place before the first event of this manifest's computation. Errors: STATE (the last
 * one that was begun is another). */
MUST_USE int story_find(struct story *story, const struct manifest *manifest, uint64_t *ret_before,
                        struct err *err);

/* The first event after *id of the computation that begins after that place, as httpd_events.next
 * wants it: 1 with the event appended to out and *id moved, 0 for none yet, -1 when there are no
 * more. */
int story_next(struct story *story, const struct manifest *manifest, uint64_t before, uint64_t *id,
               struct buf *out);

#endif
