#include "services/manager-api/api/api.h"
#include "services/manager-api/app.h"

#include <stdio.h>

static void reply_status(struct httpd_reply *reply, const char *status)
{
    struct json *json = json_new_object();

    json_set_str(json, "status", status);
    httpd_reply_json(reply, 200, json);
}

int api_get_healthz(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    (void)arg;
    (void)rq;
    (void)err;
    reply_status(reply, "ok");
    return 0;
}

int api_get_readyz(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = arg;

    (void)rq;
    if (fleet_ready(app->fleet, err) < 0)
        return -1;
    reply_status(reply, "ready");
    return 0;
}

int api_get_openapi(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    OWNED_BUF text = BUF_OF(manager_openapi_json_len);

    (void)arg;
    (void)rq;
    (void)err;
    buf_add(&text, manager_openapi_json, manager_openapi_json_len);
    httpd_reply_bytes(reply, 200, "application/json", &text);
    return 0;
}

int api_get_metrics(void *arg, struct httpd_request *rq, struct httpd_reply *reply, struct err *err)
{
    struct app *app = arg;
    OWNED_BUF text = BUF_OF(4 * MIB);
    struct fleet_figures figures;
    char label[64];

    (void)rq;
    fleet_count(app->fleet, &figures);
    for (size_t i = 0; i < COUNT_OF(figures.count); i++) {
        snprintf(label, sizeof(label), "state=\"%s\"", api_vm_state_names[i]);
        metric_set(app->vms, label, figures.count[i]);
    }
    metric_set(app->memory, "", (double)figures.memory_mib * (double)MIB);
    metric_set(app->connected, "", figures.connected ? 1 : 0);
    metric_write(app->metrics, &text);
    if (buf_check(&text, "the metrics", err) < 0)
        return -1;
    httpd_reply_bytes(reply, 200, "text/plain; version=0.0.4; charset=utf-8", &text);
    return 0;
}
