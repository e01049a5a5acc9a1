/* Writing XML with libxml2's writer: everything is escaped, and the first failure sticks and is
 * looked at once, at the end. */
#ifndef COCOS_MANAGER_VM_XML_H
#define COCOS_MANAGER_VM_XML_H

#include "lib/base/buf.h"
#include "lib/base/err.h"

#include <libxml/xmlwriter.h>

struct xml {
    xmlBuffer *buffer;
    xmlTextWriter *writer;
    bool failed;
    char culprit[64]; /* the element or attribute whose text XML cannot carry */
};

/* Starts a text. Release with xml_done(), or declare it OWNED_XML. */
struct xml xml_new(void);
void xml_done(struct xml *xml);
#define OWNED_XML __attribute__((cleanup(xml_done))) struct xml

/* Attributes: name, value, name, value ... */
#define XML_ATTRS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define XML_NO_ATTRS   ((const char *const[]){NULL})

void xml_open(struct xml *xml, const char *element);
void xml_open_with(struct xml *xml, const char *element, const char *const attrs[]);
/* The same with a prefix that is bound to uri here. */
void xml_open_namespace(struct xml *xml, const char *prefix, const char *element, const char *uri);
void xml_close(struct xml *xml);
void xml_attr(struct xml *xml, const char *name, const char *value);
void xml_attr_u64(struct xml *xml, const char *name, uint64_t value);
/* Binds a prefix for everything below the open element. */
void xml_bind(struct xml *xml, const char *prefix, const char *uri);
/* A whole element with text inside. */
void xml_leaf(struct xml *xml, const char *element, const char *text);
/* The same with attributes; text may be NULL. */
void xml_leaf_with(struct xml *xml, const char *element, const char *const attrs[],
                   const char *text);
void xml_leaf_base64(struct xml *xml, const char *element, struct span bytes);
void xml_text(struct xml *xml, const char *text);

/* Closes what is open and appends the text to out. Errors: INPUT (a text that XML cannot carry: not
 * UTF-8, or with control characters), TOO_LARGE. */
MUST_USE int xml_finish(struct xml *xml, struct buf *out, struct err *err);

#endif
