/* The agent's HTTP interface: openapi/agent.yaml, served. Handlers are thin: typed input, one call
 * of the engine, a reply. */
#ifndef COCOS_AGENT_API_API_H
#define COCOS_AGENT_API_API_H

#include "services/agent-api/app.h"

/* The service for httpd_start(); borrowed from the app. */
struct httpd_service api_service(struct app *app);

/* openapi/agent.yaml as JSON; made by the build (openapi/embed). */
extern const char agent_openapi_json[];
extern const unsigned long agent_openapi_json_len;

/* One handler an operation; those with a stream body are openers. */
httpd_handler api_get_healthz, api_get_readyz, api_get_openapi, api_get_metrics, api_get_state;
httpd_handler api_post_attestation, api_post_activation, api_get_ima;
httpd_handler api_put_computation, api_get_computation, api_delete_computation;
httpd_handler api_head_algorithm, api_head_requirements, api_head_dataset;
httpd_opener api_put_algorithm, api_put_requirements, api_put_dataset;
httpd_handler api_post_run, api_get_result, api_get_logs, api_list_events;
httpd_handler api_get_receipt, api_get_receipt_evidence, api_get_seal_key;

#endif
