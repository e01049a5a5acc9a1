/* The manager as a whole: what its handlers work with. */
#ifndef COCOS_MANAGER_APP_H
#define COCOS_MANAGER_APP_H

#include "lib/httpd/httpd.h"
#include "services/manager-api/config.h"
#include "services/manager-api/fleet/fleet.h"
#include "services/manager-api/journal.h"
#include "services/manager-api/tokens.h"
#include "services/manager-api/vm/accel.h"

#include <pthread.h>

struct app {
    struct config config;
    struct accel accel;
    struct tokens *tokens;
    struct journal *journal;
    struct metric_registry *metrics;
    struct metric *vms;       /* by state */
    struct metric *memory;    /* promised to VMs */
    struct metric *connected; /* to libvirt */
    struct vm_provider *provider;
    struct fleet *fleet;
    struct httpd *httpd;
    pthread_mutex_t waking; /* held while somebody wakes fleet or httpd, and while they are set */
};

/* Who asks, for the fleet; borrowed from the request. */
struct fleet_caller app_caller(const struct httpd_request *rq);

/* httpd's hook: whose token is it, and does its role suffice? */
int app_admit(void *app, struct httpd_request *rq, struct err *err);

/* One route an operation; MANAGER_OP_COUNT of them. */
const struct httpd_route *app_routes(void);

#endif
