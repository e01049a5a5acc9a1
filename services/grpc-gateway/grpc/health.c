#include "services/grpc-gateway/grpc/health.h"

#include "services/grpc-gateway/grpc/message.h"

#include <proto/health.pb-c.h>

#include <string.h>
#include <time.h>

#define POLL_MS     250
#define WATCHES_MAX 64

typedef Grpc__Health__V1__HealthCheckResponse__ServingStatus serving_status;

#define STATUS(name) GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__SERVING_STATUS__##name

static serving_status status_of(struct health *health, const char *name)
{
    bool known = name[0] == '\0';

    for (size_t i = 0; i < HEALTH_NAMES_MAX && health->names[i] != NULL; i++)
        known = known || strcmp(health->names[i], name) == 0;
    if (!known)
        return STATUS(SERVICE_UNKNOWN);
    return atomic_load(&health->is_draining) ? STATUS(NOT_SERVING) : STATUS(SERVING);
}

static int read_name(struct grpc_call *call, char **ret, struct err *err)
{
    OWNED_GRPC_MESSAGE *message = NULL;

    if (grpc_message_read(call, &grpc__health__v1__health_check_request__descriptor, &message,
                          err) < 0)
        return -1;
    *ret = mem_strdup(((Grpc__Health__V1__HealthCheckRequest *)message)->service);
    return 0;
}

static int say(struct grpc_call *call, serving_status status, struct err *err)
{
    Grpc__Health__V1__HealthCheckResponse answer = GRPC__HEALTH__V1__HEALTH_CHECK_RESPONSE__INIT;

    answer.status = status;
    return grpc_message_write(call, &answer.base, err);
}

static int check(void *app, struct grpc_call *call, struct err *err)
{
    OWNED(free_str) char *name = NULL;
    serving_status status;

    if (read_name(call, &name, err) < 0)
        return -1;
    status = status_of(app, name);
    if (status == STATUS(SERVICE_UNKNOWN))
        return err_set(err, ERR_NOT_FOUND, "no service '%.80s' here", name);
    return say(call, status, err);
}

static int tell_changes(struct health *health, const char *name, struct grpc_call *call,
                        struct err *err)
{
    const struct timespec pause = {.tv_nsec = POLL_MS * 1000000L};
    serving_status status, said = STATUS(UNKNOWN);

    while (!grpc_call_is_over(call)) {
        status = status_of(health, name);
        if (status != said && say(call, status, err) < 0)
            return -1;
        grpc_call_flush(call);
        said = status;
        if (status == STATUS(NOT_SERVING))
            return err_set(err, ERR_UNAVAILABLE, "the server ends");
        nanosleep(&pause, NULL);
    }
    return err_set(err, ERR_INTERRUPTED, "the client ended the call");
}

static int watch(void *app, struct grpc_call *call, struct err *err)
{
    OWNED(free_str) char *name = NULL;
    struct health *health = app;
    int result = -1;

    if (read_name(call, &name, err) < 0)
        return -1;
    if (atomic_fetch_add(&health->watches, 1) < WATCHES_MAX)
        result = tell_changes(health, name, call, err);
    else
        err_set(err, ERR_TOO_MANY, "%d watch already, and that is all there may be", WATCHES_MAX);
    atomic_fetch_sub(&health->watches, 1);
    return result;
}

static const struct grpc_method methods[] = {{"Check", check}, {"Watch", watch}};

struct grpc_service health_service(struct health *health)
{
    return (struct grpc_service){"grpc.health.v1.Health", methods, COUNT_OF(methods), health};
}
