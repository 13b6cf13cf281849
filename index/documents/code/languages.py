"""The programming languages: their grammars, definitions and comments."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Language:
    """A programming language.

    media_type: of its Format
    grammar:    `module:function` of the tree-sitter grammar, imported on first use
    types:      node types of classes and the like, whose members have headings too
    functions:  node types of functions and the like
    comments:   the marks at the beginning of a line comment
    enclosed:   the marks around a block comment, in pairs
    has_docstrings: a string in triple quotes, alone on its lines, is a comment
    """

    media_type: str
    grammar: str
    types: frozenset[str]
    functions: frozenset[str]
    comments: tuple[str, ...] = ("//",)
    enclosed: tuple[tuple[str, str], ...] = (("/*", "*/"),)
    has_docstrings: bool = False


def _language(
    media_type: str,
    grammar: str,
    types: str,
    functions: str,
    comments: tuple[str, ...] = ("//",),
    enclosed: tuple[tuple[str, str], ...] = (("/*", "*/"),),
    has_docstrings: bool = False,
) -> Language:
    names = frozenset(types.split()), frozenset(functions.split())
    return Language(media_type, grammar, *names, comments, enclosed, has_docstrings)


_JAVASCRIPT_TYPES = "class_declaration class"
_JAVASCRIPT_FUNCTIONS = (
    "function_declaration generator_function_declaration method_definition arrow_function "
    "function_expression generator_function"
)
_TYPESCRIPT_TYPES = (
    f"{_JAVASCRIPT_TYPES} abstract_class_declaration interface_declaration enum_declaration "
    "type_alias_declaration internal_module module"
)
_TYPESCRIPT_FUNCTIONS = (
    f"{_JAVASCRIPT_FUNCTIONS} method_signature abstract_method_signature function_signature"
)
_C_TYPES = "struct_specifier union_specifier enum_specifier type_definition"
_C_FUNCTIONS = "function_definition preproc_function_def declaration"

PYTHON = _language(
    "text/x-python",
    "tree_sitter_python:language",
    "class_definition",
    "function_definition",
    comments=("#",),
    enclosed=(),
    has_docstrings=True,
)
JAVASCRIPT = _language(
    "text/javascript",
    "tree_sitter_javascript:language",
    _JAVASCRIPT_TYPES,
    _JAVASCRIPT_FUNCTIONS,
)
TYPESCRIPT = _language(
    "text/x-typescript",
    "tree_sitter_typescript:language_typescript",
    _TYPESCRIPT_TYPES,
    _TYPESCRIPT_FUNCTIONS,
)
TSX = _language(
    "text/x-tsx",
    "tree_sitter_typescript:language_tsx",
    _TYPESCRIPT_TYPES,
    _TYPESCRIPT_FUNCTIONS,
)
JAVA = _language(
    "text/x-java",
    "tree_sitter_java:language",
    "class_declaration interface_declaration enum_declaration record_declaration "
    "annotation_type_declaration",
    "method_declaration constructor_declaration compact_constructor_declaration",
)
C = _language("text/x-c", "tree_sitter_c:language", _C_TYPES, _C_FUNCTIONS)
CPP = _language(
    "text/x-c++",
    "tree_sitter_cpp:language",
    f"{_C_TYPES} class_specifier namespace_definition concept_definition alias_declaration",
    f"{_C_FUNCTIONS} field_declaration",
)
C_SHARP = _language(
    "text/x-csharp",
    "tree_sitter_c_sharp:language",
    "namespace_declaration class_declaration struct_declaration interface_declaration "
    "enum_declaration record_declaration",
    "method_declaration constructor_declaration destructor_declaration operator_declaration "
    "delegate_declaration local_function_statement",
)
GO = _language(
    "text/x-go",
    "tree_sitter_go:language",
    "type_spec",
    "function_declaration method_declaration",
)
RUST = _language(
    "text/x-rust",
    "tree_sitter_rust:language",
    "struct_item enum_item union_item trait_item impl_item mod_item type_item",
    "function_item function_signature_item macro_definition",
)
RUBY = _language(
    "text/x-ruby",
    "tree_sitter_ruby:language",
    "class module",
    "method singleton_method",
    comments=("#",),
    enclosed=(("=begin", "=end"),),
)
PHP = _language(
    "text/x-php",
    "tree_sitter_php:language_php",
    "class_declaration interface_declaration trait_declaration enum_declaration",
    "function_definition method_declaration",
    comments=("//", "# ", "#\n"),
)
SHELL = _language(
    "text/x-shellscript",
    "tree_sitter_bash:language",
    "",
    "function_definition",
    comments=("#",),
    enclosed=(),
)
SQL = _language(
    "application/sql",
    "tree_sitter_sql:language",
    "create_table create_view create_materialized_view create_type create_schema",
    "create_function create_procedure create_trigger create_index",
    comments=("--",),
)
KOTLIN = _language(
    "text/x-kotlin",
    "tree_sitter_kotlin:language",
    "class_declaration object_declaration companion_object type_alias",
    "function_declaration secondary_constructor",
)
SWIFT = _language(
    "text/x-swift",
    "tree_sitter_swift:language",
    "class_declaration protocol_declaration typealias_declaration",
    "function_declaration protocol_function_declaration init_declaration deinit_declaration",
)

LANGUAGES = {
    language.media_type: language
    for language in (
        PYTHON,
        JAVASCRIPT,
        TYPESCRIPT,
        TSX,
        JAVA,
        C,
        CPP,
        C_SHARP,
        GO,
        RUST,
        RUBY,
        PHP,
        SHELL,
        SQL,
        KOTLIN,
        SWIFT,
    )
}
