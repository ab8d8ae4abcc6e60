/* The two hottest loops of lmaster: the numbers of a page with a known template, and points as
   pickles for carbon.

   page_template.py and encode.py do the same in Python, for machines without this module, and for
   unusual input: then these functions return None. */

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030b0000
#include <Python.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* Longer numbers are left to Python. */
#define LONGEST_NUMBER 60
/* The digits that a double holds exactly, and the powers of ten that are exact. */
#define MOST_DIGITS 15
#define MOST_TENS 22
/* The digits of a time in milliseconds, and a time in seconds that is finite in milliseconds. */
#define MOST_TIME_DIGITS 19
#define MOST_SECONDS 1e300
/* A frame ends after this size: carbon accepts 1 MiB, and a path has a few kilobytes at most. */
#define FRAME_BYTES (1 << 18)

static const double TENS[MOST_TENS + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* Let Python round a number: correctly rounded, but slow. */
static int rounded(const char *text, Py_ssize_t size, double *value)
{
    char copy[LONGEST_NUMBER + 1];
    char *end;
    memcpy(copy, text, (size_t)size);
    copy[size] = '\0';
    *value = PyOS_string_to_double(copy, &end, NULL);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return 0;
    }
    return end == copy + size;
}

/* Read the decimal number between at and end; return where it ends, NULL if there is none. */
static const char *read_number(const char *at, const char *end, double *value)
{
    const char *start = at;
    uint64_t mantissa = 0;
    int digits = 0, has_digit = 0, tens = 0, is_exact;
    int is_negative = at < end && *at == '-';

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        has_digit = 1;
        if (mantissa || *at != '0')
            digits++;
        if (digits <= MOST_DIGITS)
            mantissa = mantissa * 10 + (uint64_t)(*at - '0');
    }
    if (at < end && *at == '.') {
        for (at++; at < end && *at >= '0' && *at <= '9'; at++) {
            has_digit = 1;
            if (mantissa || *at != '0')
                digits++;
            if (digits <= MOST_DIGITS)
                mantissa = mantissa * 10 + (uint64_t)(*at - '0');
            tens--;
        }
    }
    if (!has_digit || at - start > LONGEST_NUMBER)
        return NULL;
    if (at < end && (*at == 'e' || *at == 'E')) {
        int exponent = 0, sign = 1;
        at++;
        if (at < end && (*at == '-' || *at == '+'))
            sign = *at++ == '-' ? -1 : 1;
        if (at == end || *at < '0' || *at > '9')
            return NULL;
        for (; at < end && *at >= '0' && *at <= '9'; at++)
            exponent = exponent < 10000 ? exponent * 10 + (*at - '0') : exponent;
        tens += sign * exponent;
    }
    if (at - start > LONGEST_NUMBER)
        return NULL;
    is_exact = digits <= MOST_DIGITS && tens >= -MOST_TENS && tens <= MOST_TENS;
#if FLT_EVAL_METHOD != 0
    is_exact = 0; /* this processor would round twice */
#endif
    if (!is_exact)
        return rounded(start, at - start, value) ? at : NULL;
    *value = tens < 0 ? (double)mantissa / TENS[-tens] : (double)mantissa * TENS[tens];
    if (is_negative)
        *value = -*value;
    return at;
}

/* Whether a text begins with a word of lower-case letters, in any case. */
static int begins_with(const char *at, const char *end, const char *word)
{
    for (; *word; at++, word++)
        if (at == end || (*at | 0x20) != *word)
            return 0;
    return 1;
}

/* Read a number, which may be infinite or NaN; NaN has no sign. */
static const char *read_value(const char *at, const char *end, double *value)
{
    int has_sign = at < end && (*at == '-' || *at == '+');
    const char *word = at + has_sign;

    if (begins_with(word, end, "inf")) {
        *value = *at == '-' ? -HUGE_VAL : HUGE_VAL;
        return word + (begins_with(word, end, "infinity") ? 8 : 3);
    }
    if (!has_sign && begins_with(word, end, "nan")) {
        *value = NAN;
        return word + 3;
    }
    return read_number(at, end, value);
}

/* Skip what may be between a number and the end of its line in the text format: blanks, a time. */
static const char *skip_time(const char *at, const char *end)
{
    const char *number = at, *digits;

    while (number < end && (*number == ' ' || *number == '\t'))
        number++;
    digits = number + (number < end && (*number == '-' || *number == '+'));
    if (number > at && digits < end && *digits >= '0' && *digits <= '9') {
        for (at = digits; at < end && *at >= '0' && *at <= '9'; at++)
            ;
        if (at - digits > MOST_TIME_DIGITS)
            return NULL;
    }
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
        at++;
    return at;
}

/* Skip a blank and a finite number, as times of OpenMetrics are. */
static const char *skip_number(const char *at, const char *end)
{
    double value;

    at = at < end && *at == ' ' ? read_number(at + 1, end, &value) : NULL;
    return at && value > -MOST_SECONDS && value < MOST_SECONDS ? at : NULL;
}

/* Skip the labels of an exemplar, up to and with the closing brace. */
static const char *skip_labels(const char *at, const char *end)
{
    int has_more = at < end && *at != '}';

    while (has_more) {
        if (at == end || *at == '=' || (*at >= '0' && *at <= '9'))
            return NULL;
        while (at < end && (((*at | 0x20) >= 'a' && (*at | 0x20) <= 'z') || *at == '_' ||
                            (*at >= '0' && *at <= '9')))
            at++;
        if (end - at < 2 || at[0] != '=' || at[1] != '"')
            return NULL;
        for (at += 2; at < end && *at != '"' && *at != '\n'; at++)
            if (*at == '\\' && ++at < end && *at == '\n')
                return NULL;
        if (at >= end || *at++ != '"')
            return NULL;
        has_more = at < end && *at == ',';
        at += has_more;
    }
    return at < end && *at == '}' ? at + 1 : NULL;
}

/* Skip what may be between a number and the end of its line in OpenMetrics: a time, an exemplar. */
static const char *skip_exemplar(const char *at, const char *end)
{
    if (end - at > 1 && at[0] == ' ' && at[1] != '#' && !(at = skip_number(at, end)))
        return NULL;
    if (end - at < 4 || memcmp(at, " # {", 4) != 0)
        return at;
    at = skip_labels(at + 4, end);
    at = at ? skip_number(at, end) : NULL;
    return at && at < end && *at == ' ' ? skip_number(at, end) : at;
}

/* Match one block: its fixed texts with a number between each two of them. */
static const char *match_block(const char *at, const char *end, PyObject *block, double **values,
                               const double *last, int is_openmetrics)
{
    PyObject *glue = PyTuple_GetItem(block, 0), *sizes = PyTuple_GetItem(block, 1);
    const char *text;
    char *raw;
    Py_ssize_t count, n;

    if (!glue || !sizes || PyBytes_AsStringAndSize(sizes, &raw, &count) < 0)
        return NULL;
    text = PyBytes_AsString(glue);
    count /= (Py_ssize_t)sizeof(uint32_t);
    for (n = 0; n < count; n++) {
        uint32_t size;
        memcpy(&size, raw + n * (Py_ssize_t)sizeof size, sizeof size);
        if (n) {
            if (*values == last || !(at = read_value(at, end, (*values)++)))
                return NULL;
            at = is_openmetrics ? skip_exemplar(at, end) : skip_time(at, end);
            if (!at)
                return NULL;
        }
        if ((size_t)(end - at) < size || memcmp(at, text, size) != 0)
            return NULL;
        at += size;
        text += size;
    }
    return at;
}

PyDoc_STRVAR(numbers_doc,
"numbers(page: str, blocks: tuple[tuple[bytes, bytes], ...], count: int, is_openmetrics: bool,\n"
"start: int) -> tuple[bytes, int] | None\n\n"
"Return the numbers of a page as doubles; None when it has another layout, or may be wrong.\n\n"
"A block is texts without a gap, and the size of each (uint32): a number stands between two of\n"
"them. A line feed stands between two blocks. There are count numbers. After each, its format\n"
"decides what may follow in the line. The blocks may be a part of the page, which begins at the byte\n"
"start. The start of the next part is returned, 0 if there is none.");

static PyObject *numbers(PyObject *module, PyObject *arguments)
{
    PyObject *page, *blocks, *made, *found;
    const char *text, *at, *end;
    Py_ssize_t count, size, start, n;
    double *values;
    const double *last;
    int is_openmetrics, is_end;

    if (!PyArg_ParseTuple(arguments, "UO!npn", &page, &PyTuple_Type, &blocks, &count,
                          &is_openmetrics, &start))
        return NULL;
    text = PyUnicode_AsUTF8AndSize(page, &size);
    if (!text) {
        PyErr_Clear(); /* not UTF-8 */
        Py_RETURN_NONE;
    }
    if (start < 0 || start > size)
        Py_RETURN_NONE;
    at = text + start;
    end = text + size;
    made = PyBytes_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(double));
    if (!made)
        return NULL;
    values = (double *)PyBytes_AsString(made);
    last = values + count;
    for (n = 0; n < PyTuple_Size(blocks); n++) {
        if (n && (at == end || *at++ != '\n'))
            break;
        at = match_block(at, end, PyTuple_GetItem(blocks, n), &values, last, is_openmetrics);
        if (!at)
            break;
    }
    if (PyErr_Occurred()) {
        Py_DECREF(made);
        return NULL;
    }
    is_end = at == end;
    if (n < PyTuple_Size(blocks) || values != last || (!is_end && *at++ != '\n')) {
        Py_DECREF(made);
        Py_RETURN_NONE;
    }
    /* After a line feed at the end of the page an empty line is left. */
    found = Py_BuildValue("(On)", made, is_end ? (Py_ssize_t)0 : (Py_ssize_t)(at - text));
    Py_DECREF(made);
    return found;
}

/* A growing buffer. */
typedef struct {
    char *at;
    size_t size, room;
} Buffer;

static int grow(Buffer *buffer, size_t more)
{
    size_t room = (buffer->size + more) * 2;
    char *at = PyMem_Realloc(buffer->at, room);
    if (!at) {
        PyErr_NoMemory();
        return 0;
    }
    buffer->at = at;
    buffer->room = room;
    return 1;
}

static void put(Buffer *buffer, const void *what, size_t size)
{
    memcpy(buffer->at + buffer->size, what, size);
    buffer->size += size;
}

/* An item of the list: (path, (time, value)), in pickle protocol 2. */
static void put_point(Buffer *buffer, const char *before, size_t before_size, const char *path,
                      size_t path_size, const char *after, size_t after_size, uint32_t time,
                      double value)
{
    unsigned char head[5] = {'X'}, moment[5] = {'J'}, number[9] = {'G'};
    uint64_t bits;
    uint32_t size = (uint32_t)(before_size + path_size + after_size);
    int n;

    for (n = 0; n < 4; n++) {
        head[n + 1] = (unsigned char)(size >> (8 * n));
        moment[n + 1] = (unsigned char)(time >> (8 * n));
    }
    memcpy(&bits, &value, sizeof bits);
    for (n = 0; n < 8; n++)
        number[n + 1] = (unsigned char)(bits >> (8 * (7 - n)));
    put(buffer, head, sizeof head);
    put(buffer, before, before_size);
    put(buffer, path, path_size);
    put(buffer, after, after_size);
    put(buffer, moment, sizeof moment);
    put(buffer, number, sizeof number);
    put(buffer, "\x86\x86", 2); /* the two tuples */
}

static void begin_frame(Buffer *buffer, size_t *start)
{
    *start = buffer->size;
    put(buffer, "\0\0\0\0\x80\x02](", 8); /* room for the size; protocol 2, list */
}

static void end_frame(Buffer *buffer, size_t start)
{
    size_t size;
    int n;
    put(buffer, "e.", 2);
    size = buffer->size - start - 4;
    for (n = 0; n < 4; n++)
        buffer->at[start + (size_t)n] = (char)(size >> (8 * (3 - n)));
}

PyDoc_STRVAR(frames_doc,
"frames(before: str, paths: tuple[str, ...], after: str, time: int, values: bytes) -> bytes | None"
"\n\n"
"Return points of one time as frames for carbon's pickle receiver; None for odd paths or times.\n\n"
"A point's path is before, one of paths, and after; values are doubles, one a path.");

static PyObject *frames(PyObject *module, PyObject *arguments)
{
    PyObject *before, *paths, *after, *made = NULL;
    const char *head, *tail, *values;
    Py_ssize_t head_size, tail_size, values_size, count, n;
    long long time;
    size_t start = 0;
    Buffer buffer = {NULL, 0, 0};

    if (!PyArg_ParseTuple(arguments, "UO!ULy#", &before, &PyTuple_Type, &paths, &after, &time,
                          &values, &values_size))
        return NULL;
    count = PyTuple_Size(paths);
    if (values_size != count * (Py_ssize_t)sizeof(double)) {
        PyErr_SetString(PyExc_ValueError, "there must be a value for each path");
        return NULL;
    }
    head = PyUnicode_AsUTF8AndSize(before, &head_size);
    tail = head ? PyUnicode_AsUTF8AndSize(after, &tail_size) : NULL;
    if (!tail || time < 0 || time > INT32_MAX) {
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    for (n = 0; n < count; n++) {
        double value;
        Py_ssize_t size;
        const char *path = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(paths, n), &size);
        size_t needed = (size_t)(head_size + size + tail_size) + 64;
        if (!path) {
            PyErr_Clear();
            PyMem_Free(buffer.at);
            Py_RETURN_NONE;
        }
        if (buffer.size + needed > buffer.room && !grow(&buffer, needed * (size_t)(count - n)))
            goto done;
        if (!start && !buffer.size)
            begin_frame(&buffer, &start);
        memcpy(&value, values + n * (Py_ssize_t)sizeof value, sizeof value);
        put_point(&buffer, head, (size_t)head_size, path, (size_t)size, tail, (size_t)tail_size,
                  (uint32_t)time, value);
        if (buffer.size - start > FRAME_BYTES && n + 1 < count) {
            end_frame(&buffer, start);
            begin_frame(&buffer, &start);
        }
    }
    if (buffer.size)
        end_frame(&buffer, start);
    made = PyBytes_FromStringAndSize(buffer.at, (Py_ssize_t)buffer.size);
done:
    PyMem_Free(buffer.at);
    return made;
}

static PyMethodDef METHODS[] = {
    {"numbers", numbers, METH_VARARGS, numbers_doc},
    {"frames", frames, METH_VARARGS, frames_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT, "fructosa_bridge.translate._fast", NULL, 0, METHODS, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__fast(void)
{
    return PyModuleDef_Init(&MODULE);
}
