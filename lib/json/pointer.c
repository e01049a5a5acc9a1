#include "lib/json/pointer.h"

#include "lib/base/text.h"

#include <stdio.h>

int json_wrap_key(struct err *err, const char *key)
{
    OWNED_BUF step = BUF_OF(ERR_POINTER_MAX);
    OWNED_BUF shown = BUF_OF(ERR_POINTER_MAX);

    buf_add_u8(&step, '/');
    for (const char *c = key; *c != '\0' && !step.overflow; c++) {
        if (*c == '~')
            buf_add_str(&step, "~0");
        else if (*c == '/')
            buf_add_str(&step, "~1");
        else
            buf_add_u8(&step, (uint8_t)*c);
    }
    text_add_printable(&shown, buf_span(&step), ERR_POINTER_MAX - 4);
    return err_wrap_pointer(err, buf_str(&shown));
}

int json_wrap_index(struct err *err, size_t index)
{
    char step[24];

    snprintf(step, sizeof(step), "/%zu", index);
    return err_wrap_pointer(err, step);
}
