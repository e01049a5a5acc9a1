/* What happened, kept for those who listen: one log for administrators and one for each owner, so
 * that a stream holds what its reader may see and its ids have no gaps. */
#ifndef COCOS_MANAGER_JOURNAL_H
#define COCOS_MANAGER_JOURNAL_H

#include "lib/program/event.h"
#include "services/manager-api/fleet/fleet.h"

#define JOURNAL_KEPT 1000 /* events in each log */

struct journal;

/* added is called after each event, from any thread. */
struct journal *journal_new(void (*added)(void *ctx), void *ctx);
void journal_free(struct journal *journal);

/* Notes an event; takes its data over. Thread-safe. */
void journal_note(struct journal *journal, const struct fleet_event *event);

/* The log of an owner, or of all with NULL; lives as long as the journal. Thread-safe. */
struct event_log *journal_log(struct journal *journal, const char *owner);

#endif
