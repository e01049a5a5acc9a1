#include "services/manager-api/api/api.h"
#include "services/manager-api/app.h"

#include <stdio.h>
#include <string.h>

/* One reader of events. */
struct listener {
    struct event_log *log;
    char vm_id[VM_ID_SIZE]; /* "" for all that the log holds */
    bool over;              /* the VM it listens to is gone */
};

static int next_event(void *ctx, uint64_t *id, struct buf *out)
{
    struct listener *listener = ctx;
    const char *vm_id = listener->vm_id[0] != '\0' ? listener->vm_id : NULL;
    size_t before = out->len;

    if (listener->over)
        return -1;
    if (!event_log_next(listener->log, vm_id, id, out))
        return 0;
    listener->over =
        vm_id != NULL && strstr(buf_str(out) + before, "\nevent: vm.deleted\n") != NULL;
    return 1;
}

static void stream(struct httpd_request *rq, struct httpd_reply *reply, struct event_log *log,
                   const char *vm_id)
{
    struct listener *listener = mem_new(struct listener);
    uint64_t after = httpd_last_event_id(rq);

    listener->log = log;
    snprintf(listener->vm_id, sizeof(listener->vm_id), "%s", vm_id);
    /* An id that was never given is from before a restart: everything is new to its holder. */
    if (after > event_log_last_id(log))
        after = 0;
    httpd_reply_events(reply,
                       &(struct httpd_events){
                           .after = after, .next = next_event, .release = free, .ctx = listener});
}

int api_list_events(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);

    (void)err;
    stream(rq, reply, journal_log(app->journal, caller.all ? NULL : caller.owner), "");
    return 0;
}

int api_list_vm_events(void *arg, struct httpd_request *rq, struct httpd_reply *reply,
                       struct err *err)
{
    struct app *app = arg;
    const struct fleet_caller caller = app_caller(rq);
    char owner[VM_NAME_SIZE];

    if (fleet_owner(app->fleet, &caller, httpd_param(rq, "id"), owner, err) < 0)
        return -1;
    stream(rq, reply, journal_log(app->journal, owner), httpd_param(rq, "id"));
    return 0;
}
