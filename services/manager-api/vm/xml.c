#include "services/manager-api/vm/xml.h"

#include "lib/base/text.h"

#include <stdio.h>

/* XML 1.0, production 2: of the control characters only tab and line breaks may appear, and libxml2
 * does not check when it writes. */
static bool is_carried(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 && *c != '\t' && *c != '\n')
            return false;
    return text_is_utf8(span_of_str(text)) && strstr(text, "\xef\xbf\xbe") == NULL &&
           strstr(text, "\xef\xbf\xbf") == NULL;
}

static void expect(struct xml *xml, int written)
{
    if (written < 0)
        xml->failed = true;
}

static const xmlChar *checked(struct xml *xml, const char *where, const char *text)
{
    if (is_carried(text))
        return BAD_CAST text;
    if (xml->culprit[0] == '\0')
        snprintf(xml->culprit, sizeof(xml->culprit), "%s", where);
    return BAD_CAST "";
}

struct xml xml_new(void)
{
    struct xml xml = {.buffer = xmlBufferCreate()};

    xml.writer = xml.buffer ? xmlNewTextWriterMemory(xml.buffer, 0) : NULL;
    if (xml.writer == NULL)
        abort(); /* out of memory, as mem_new() */
    return xml;
}

void xml_done(struct xml *xml)
{
    xmlFreeTextWriter(xml->writer);
    xmlBufferFree(xml->buffer);
    *xml = (struct xml){.failed = true};
}

void xml_open(struct xml *xml, const char *element)
{
    expect(xml, xmlTextWriterStartElement(xml->writer, BAD_CAST element));
}

void xml_open_namespace(struct xml *xml, const char *prefix, const char *element, const char *uri)
{
    expect(xml, xmlTextWriterStartElementNS(xml->writer, BAD_CAST prefix, BAD_CAST element,
                                            BAD_CAST uri));
}

void xml_close(struct xml *xml)
{
    expect(xml, xmlTextWriterEndElement(xml->writer));
}

void xml_attr(struct xml *xml, const char *name, const char *value)
{
    const xmlChar *text = checked(xml, name, value);

    expect(xml, xmlTextWriterWriteAttribute(xml->writer, BAD_CAST name, text));
}

void xml_attr_u64(struct xml *xml, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    xml_attr(xml, name, text);
}

void xml_bind(struct xml *xml, const char *prefix, const char *uri)
{
    expect(xml, xmlTextWriterWriteAttributeNS(xml->writer, BAD_CAST "xmlns", BAD_CAST prefix, NULL,
                                              BAD_CAST uri));
}

void xml_leaf(struct xml *xml, const char *element, const char *text)
{
    xml_open(xml, element);
    expect(xml, xmlTextWriterWriteString(xml->writer, checked(xml, element, text)));
    xml_close(xml);
}

void xml_text(struct xml *xml, const char *text)
{
    expect(xml, xmlTextWriterWriteString(xml->writer, checked(xml, "text", text)));
}

void xml_open_with(struct xml *xml, const char *element, const char *const attrs[])
{
    xml_open(xml, element);
    for (size_t i = 0; attrs[i] != NULL; i += 2)
        xml_attr(xml, attrs[i], attrs[i + 1]);
}

void xml_leaf_with(struct xml *xml, const char *element, const char *const attrs[],
                   const char *text)
{
    xml_open_with(xml, element, attrs);
    if (text != NULL)
        xml_text(xml, text);
    xml_close(xml);
}

void xml_leaf_base64(struct xml *xml, const char *element, struct span bytes)
{
    OWNED_BUF text = BUF_OF(bytes.len / 3 * 4 + 4);

    text_encode_base64(bytes, &text);
    xml_leaf(xml, element, buf_str(&text));
}

int xml_finish(struct xml *xml, struct buf *out, struct err *err)
{
    expect(xml, xmlTextWriterEndDocument(xml->writer));
    expect(xml, xmlTextWriterFlush(xml->writer));
    if (xml->culprit[0] != '\0')
        return err_set(err, ERR_INPUT, "%s: has characters that XML cannot carry", xml->culprit);
    if (xml->failed)
        return err_set(err, ERR_INTERNAL, "the XML writer failed");
    buf_add(out, xmlBufferContent(xml->buffer), (size_t)xmlBufferLength(xml->buffer));
    return buf_check(out, "the XML text", err);
}
