#include "services/grpc-gateway/cvms_server/agents.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define STATE_MAX 64

struct waiting {
    struct waiting *next;
    struct buf message;
};

struct agent {
    char name[AGENTS_NAME_MAX + 1];
    bool is_here;
    struct waiting *orders, **last_order;
    size_t order_count;
    uint64_t states_told; /* how often */
    char state[STATE_MAX];
    struct event_log *log;
};

struct agents {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    void (*heard)(void *ctx);
    void *ctx;
    struct agent *known[AGENTS_MAX];
    size_t count;
};

struct agents *agents_new(void (*heard)(void *ctx), void *ctx)
{
    struct agents *agents = mem_new(struct agents);
    pthread_condattr_t attributes;

    agents->heard = heard;
    agents->ctx = ctx;
    pthread_mutex_init(&agents->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&agents->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    return agents;
}

static struct waiting *take_order(struct agent *agent)
{
    struct waiting *order = agent->orders;

    if (order == NULL)
        return NULL;
    agent->orders = order->next;
    if (agent->orders == NULL)
        agent->last_order = &agent->orders;
    agent->order_count--;
    return order;
}

static void free_order(struct waiting *order)
{
    buf_done(&order->message);
    free(order);
}

static void drop_orders(struct agent *agent)
{
    struct waiting *order;

    while ((order = take_order(agent)) != NULL)
        free_order(order);
}

void agents_free(struct agents *agents)
{
    if (agents == NULL)
        return;
    for (size_t i = 0; i < agents->count; i++) {
        drop_orders(agents->known[i]);
        event_log_free(agents->known[i]->log);
        free(agents->known[i]);
    }
    pthread_cond_destroy(&agents->changed);
    pthread_mutex_destroy(&agents->lock);
    free(agents);
}

/* --- who is known; with the lock held --- */

static struct agent *find(const struct agents *agents, const char *name)
{
    for (size_t i = 0; i < agents->count; i++)
        if (strcmp(agents->known[i]->name, name) == 0)
            return agents->known[i];
    return NULL;
}

static struct agent *find_or_make(struct agents *agents, const char *name)
{
    struct agent *agent = find(agents, name);

    if (agent != NULL || agents->count == AGENTS_MAX)
        return agent;
    agent = mem_new(struct agent);
    snprintf(agent->name, sizeof(agent->name), "%s", name);
    agent->last_order = &agent->orders;
    agent->log = event_log_new(AGENTS_EVENTS, NULL, NULL);
    agents->known[agents->count++] = agent;
    return agent;
}

/* The first of agent-1, agent-2 ... that is not here. */
static void find_name(const struct agents *agents, char name[static AGENTS_NAME_MAX + 1])
{
    for (int i = 1; i <= AGENTS_MAX; i++) {
        const struct agent *agent;

        snprintf(name, AGENTS_NAME_MAX + 1, "agent-%d", i);
        agent = find(agents, name);
        if (agent == NULL || !agent->is_here)
            return;
    }
}

static int enter(struct agents *agents, const char *name, struct agent **ret, struct err *err)
{
    *ret = find_or_make(agents, name);
    if (*ret == NULL)
        return err_set(err, ERR_TOO_MANY, "%d machines are known, and that is all there may be",
                       AGENTS_MAX);
    return 0;
}

static int check_name(const char *name, struct err *err)
{
    if (name == NULL || text_is_name(name, AGENTS_NAME_MAX))
        return 0;
    return err_set(err, ERR_INPUT, "job-id: 1 to %d of A-Z a-z 0-9 . _ -", AGENTS_NAME_MAX);
}

/* --- streams --- */

int agents_enter(struct agents *agents, const char *name, struct agent **ret, struct err *err)
{
    char own[AGENTS_NAME_MAX + 1];
    int result;

    if (check_name(name, err) < 0)
        return -1;
    pthread_mutex_lock(&agents->lock);
    if (name == NULL)
        find_name(agents, own);
    result = enter(agents, name != NULL ? name : own, ret, err);
    if (result == 0 && (*ret)->is_here)
        result = err_set(err, ERR_STATE, "'%s' is here already", (*ret)->name);
    else if (result == 0)
        (*ret)->is_here = true;
    pthread_mutex_unlock(&agents->lock);
    return result;
}

int agents_enter_speaker(struct agents *agents, const char *name, struct agent **ret,
                         struct err *err)
{
    int result;

    if (name == NULL)
        return err_set(err, ERR_INPUT, "a stream of logs needs a job-id");
    if (check_name(name, err) < 0)
        return -1;
    pthread_mutex_lock(&agents->lock);
    result = enter(agents, name, ret, err);
    pthread_mutex_unlock(&agents->lock);
    return result;
}

void agents_leave(struct agents *agents, struct agent *agent)
{
    pthread_mutex_lock(&agents->lock);
    agent->is_here = false;
    drop_orders(agent);
    pthread_cond_broadcast(&agents->changed);
    pthread_mutex_unlock(&agents->lock);
}

bool agents_next_order(struct agents *agents, struct agent *agent, struct buf *out)
{
    struct waiting *order;

    pthread_mutex_lock(&agents->lock);
    while (agent->is_here && agent->orders == NULL)
        pthread_cond_wait(&agents->changed, &agents->lock);
    order = agent->is_here ? take_order(agent) : NULL;
    pthread_mutex_unlock(&agents->lock);
    if (order == NULL)
        return false;
    buf_reset(out);
    buf_add_span(out, buf_span(&order->message));
    free_order(order);
    return true;
}

void agents_heard(struct agents *agents, struct agent *agent, int64_t now, const char *type,
                  struct json *data)
{
    const char *state = strcmp(type, "state") == 0 ? json_get_str(data, "state") : NULL;

    pthread_mutex_lock(&agents->lock);
    if (state != NULL) {
        snprintf(agent->state, sizeof(agent->state), "%s", state);
        agent->states_told++;
        pthread_cond_broadcast(&agents->changed);
    }
    event_log_add(agent->log, now, type, agent->name, data);
    pthread_mutex_unlock(&agents->lock);
    if (agents->heard != NULL)
        agents->heard(agents->ctx);
}

/* --- the front --- */

static struct json *encode(const struct agent *agent)
{
    struct json *json = json_new_object();

    json_set_str(json, "id", agent->name);
    json_set_bool(json, "connected", agent->is_here);
    json_set_str(json, "state", agent->state[0] != '\0' ? agent->state : NULL);
    json_set_int(json, "last_event", (int64_t)event_log_last_id(agent->log));
    return json;
}

struct json *agents_list(struct agents *agents)
{
    struct json *list = json_new_array();

    pthread_mutex_lock(&agents->lock);
    for (size_t i = 0; i < agents->count; i++)
        json_add(list, encode(agents->known[i]));
    pthread_mutex_unlock(&agents->lock);
    return list;
}

static int get(struct agents *agents, const char *name, struct agent **ret, struct err *err)
{
    *ret = find(agents, name);
    return *ret != NULL ? 0 : err_set(err, ERR_NOT_FOUND, "no machine '%.80s' is known", name);
}

int agents_show(struct agents *agents, const char *name, struct json **ret, struct err *err)
{
    struct agent *agent;
    int result;

    pthread_mutex_lock(&agents->lock);
    result = get(agents, name, &agent, err);
    if (result == 0)
        *ret = encode(agent);
    pthread_mutex_unlock(&agents->lock);
    return result;
}

int agents_find_log(struct agents *agents, const char *name, struct event_log **ret,
                    struct err *err)
{
    struct agent *agent;
    int result;

    pthread_mutex_lock(&agents->lock);
    result = get(agents, name, &agent, err);
    if (result == 0)
        *ret = agent->log;
    pthread_mutex_unlock(&agents->lock);
    return result;
}

static int add_orders(struct agent *agent, const struct agents_order *order, struct err *err)
{
    if (!agent->is_here)
        return err_set(err, ERR_UNAVAILABLE, "'%s' is not connected now", agent->name);
    if (agent->order_count + order->count > AGENTS_ORDERS)
        return err_set(err, ERR_TOO_MANY, "%zu messages wait for '%s' already", agent->order_count,
                       agent->name);
    for (size_t i = 0; i < order->count; i++) {
        struct waiting *waiting = mem_new(struct waiting);

        waiting->message = BUF_OF(order->messages[i].max);
        buf_add_span(&waiting->message, buf_span(&order->messages[i]));
        *agent->last_order = waiting;
        agent->last_order = &waiting->next;
        agent->order_count++;
    }
    return 0;
}

int agents_send(struct agents *agents, const char *name, const struct agents_order *order,
                struct err *err)
{
    struct agent *agent;
    int result;

    pthread_mutex_lock(&agents->lock);
    result = get(agents, name, &agent, err);
    if (result == 0)
        result = add_orders(agent, order, err);
    pthread_cond_broadcast(&agents->changed);
    pthread_mutex_unlock(&agents->lock);
    return result;
}

static int await_state(struct agents *agents, const struct agent *agent, uint64_t told,
                       unsigned wait_ms, struct err *err)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (wait_ms + 999) / 1000;
    while (agent->states_told == told)
        if (pthread_cond_timedwait(&agents->changed, &agents->lock, &until) != 0)
            return err_set(err, ERR_TIMEOUT, "'%s' does not say in which state it is", agent->name);
    return 0;
}

int agents_ask_state(struct agents *agents, const char *name, const struct buf *ask,
                     unsigned wait_ms, struct json **ret, struct err *err)
{
    const struct agents_order order = {ask, 1};
    struct agent *agent;
    int result;

    pthread_mutex_lock(&agents->lock);
    result = get(agents, name, &agent, err);
    if (result == 0)
        result = add_orders(agent, &order, err);
    pthread_cond_broadcast(&agents->changed);
    if (result == 0)
        result = await_state(agents, agent, agent->states_told, wait_ms, err);
    if (result == 0)
        *ret = encode(agent);
    pthread_mutex_unlock(&agents->lock);
    return result;
}
