#include "services/grpc-gateway/grpc/reflection.h"

#include "services/grpc-gateway/grpc/descriptors.h"
#include "services/grpc-gateway/grpc/message.h"
#include "services/grpc-gateway/proto/unpack.h"

#include <proto/reflection.pb-c.h>

#define REQUEST_MAX  (4 * KIB)
#define MEMORY_MAX   (16 * KIB)
#define SERVICES_MAX 16

/* Both names have the same messages. */
typedef Grpc__Reflection__V1__ServerReflectionRequest request_type;
typedef Grpc__Reflection__V1__ServerReflectionResponse response_type;

#define REQUEST(name)  GRPC__REFLECTION__V1__SERVER_REFLECTION_REQUEST__MESSAGE_REQUEST_##name
#define RESPONSE(name) GRPC__REFLECTION__V1__SERVER_REFLECTION_RESPONSE__MESSAGE_RESPONSE_##name

/* What a response may be made of. */
struct parts {
    response_type response;
    Grpc__Reflection__V1__FileDescriptorResponse file;
    Grpc__Reflection__V1__ListServiceResponse list;
    Grpc__Reflection__V1__ErrorResponse error;
    Grpc__Reflection__V1__ServiceResponse services[SERVICES_MAX], *service_at[SERVICES_MAX];
    ProtobufCBinaryData bytes;
};

static void list_services(const struct reflection *reflection, struct parts *parts)
{
    size_t count =
        reflection->service_count < SERVICES_MAX ? reflection->service_count : SERVICES_MAX;

    grpc__reflection__v1__list_service_response__init(&parts->list);
    for (size_t i = 0; i < count; i++) {
        grpc__reflection__v1__service_response__init(&parts->services[i]);
        parts->services[i].name = (char *)(uintptr_t)reflection->services[i].name;
        parts->service_at[i] = &parts->services[i];
    }
    parts->list.n_service = count;
    parts->list.service = parts->service_at;
    parts->response.list_services_response = &parts->list;
    parts->response.message_response_case = RESPONSE(LIST_SERVICES_RESPONSE);
}

static void refuse(struct parts *parts, enum err_kind kind, const char *why)
{
    grpc__reflection__v1__error_response__init(&parts->error);
    parts->error.error_code = err_row(kind)->grpc_status;
    parts->error.error_message = (char *)(uintptr_t)why;
    parts->response.error_response = &parts->error;
    parts->response.message_response_case = RESPONSE(ERROR_RESPONSE);
}

static void describe(struct parts *parts, bool found, struct span file)
{
    if (!found) {
        refuse(parts, ERR_NOT_FOUND, "nothing of that name is described here");
        return;
    }
    grpc__reflection__v1__file_descriptor_response__init(&parts->file);
    parts->bytes = (ProtobufCBinaryData){file.len, (uint8_t *)(uintptr_t)file.data};
    parts->file.n_file_descriptor_proto = 1;
    parts->file.file_descriptor_proto = &parts->bytes;
    parts->response.file_descriptor_response = &parts->file;
    parts->response.message_response_case = RESPONSE(FILE_DESCRIPTOR_RESPONSE);
}

static void answer(const struct reflection *reflection, request_type *request, struct parts *parts)
{
    struct span file = span_of(NULL, 0);
    bool found;

    grpc__reflection__v1__server_reflection_response__init(&parts->response);
    parts->response.valid_host = request->host;
    parts->response.original_request = request;
    switch (request->message_request_case) {
    case REQUEST(LIST_SERVICES): list_services(reflection, parts); break;
    case REQUEST(FILE_BY_FILENAME):
        found = descriptors_find_file(request->file_by_filename, &file);
        describe(parts, found, file);
        break;
    case REQUEST(FILE_CONTAINING_SYMBOL):
        found = descriptors_find_symbol(request->file_containing_symbol, &file);
        describe(parts, found, file);
        break;
    default: refuse(parts, ERR_UNSUPPORTED, "proto3 has no extensions to tell of"); break;
    }
}

static int answer_one(const struct reflection *reflection, struct grpc_call *call,
                      const struct buf *text, struct err *err)
{
    OWNED_PROTO *request = NULL;
    struct parts parts;

    if (proto_unpack(&grpc__reflection__v1__server_reflection_request__descriptor, buf_span(text),
                     MEMORY_MAX, &request, err) < 0)
        return -1;
    answer(reflection, (request_type *)request, &parts);
    if (grpc_message_write(call, &parts.response.base, err) < 0)
        return -1;
    grpc_call_flush(call);
    return 0;
}

static int answer_all(const struct reflection *reflection, struct grpc_call *call, struct err *err)
{
    OWNED_BUF text = BUF_OF(REQUEST_MAX);
    bool end;

    for (;;) {
        if (grpc_call_read_message(call, &text, &end, err) < 0)
            return -1;
        if (end)
            return 0;
        if (answer_one(reflection, call, &text, err) < 0)
            return -1;
    }
}

static int talk(void *app, struct grpc_call *call, struct err *err)
{
    struct reflection *reflection = app;
    int result = -1;

    if (atomic_fetch_add(&reflection->talks, 1) < REFLECTION_TALKS_MAX)
        result = answer_all(reflection, call, err);
    else
        err_set(err, ERR_TOO_MANY, "%d ask for descriptors already, and that is all there may be",
                REFLECTION_TALKS_MAX);
    atomic_fetch_sub(&reflection->talks, 1);
    return result;
}

static const struct grpc_method methods[] = {{"ServerReflectionInfo", talk}};

struct grpc_service reflection_service(struct reflection *reflection)
{
    return (struct grpc_service){"grpc.reflection.v1.ServerReflection", methods, COUNT_OF(methods),
                                 reflection};
}

struct grpc_service reflection_service_alpha(struct reflection *reflection)
{
    return (struct grpc_service){"grpc.reflection.v1alpha.ServerReflection", methods,
                                 COUNT_OF(methods), reflection};
}
