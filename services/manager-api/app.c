#include "services/manager-api/app.h"

#include "services/manager-api/api/api.h"

#define BEARER "Bearer "

static const struct httpd_route routes[MANAGER_OP_COUNT] = {
#define OP(name, method, path, auth, body, body_max)                                               \
    {&manager_ops[MANAGER_OP_##name], api_##name, NULL},
#include "lib/api/manager_ops.h"
#undef OP
};

const struct httpd_route *app_routes(void)
{
    return routes;
}

int app_admit(void *arg, struct httpd_request *rq, struct err *err)
{
    struct app *app = arg;
    const char *header = httpd_header(rq, "Authorization");
    struct token_holder *holder = NULL;

    if (header == NULL)
        return err_set(err, ERR_UNAUTHENTICATED,
                       "a token is needed: 'Authorization: Bearer TOKEN'");
    if (strncasecmp(header, BEARER, strlen(BEARER)) != 0)
        return err_set(err, ERR_UNAUTHENTICATED, "Authorization: expected 'Bearer TOKEN'");

    holder = mem_new(struct token_holder);
    httpd_set_caller(rq, holder, free);
    if (tokens_find(app->tokens, span_of_str(header + strlen(BEARER)), holder, err) < 0)
        return -1;
    return tokens_check_role(holder, httpd_op(rq), err);
}

struct fleet_caller app_caller(const struct httpd_request *rq)
{
    const struct token_holder *holder = httpd_caller(rq);

    return (struct fleet_caller){.owner = holder->owner, .all = holder->role == TOKEN_ADMIN};
}
