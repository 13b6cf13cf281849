"""Source code: the file as it is, with its definitions as headings."""

from abc import ABC
from typing import ClassVar

from index.documents.blocks import Blocks
from index.documents.code import languages
from index.documents.code.generated import check_written
from index.documents.code.languages import Language
from index.documents.code.sections import code_blocks
from index.documents.loader import Content, LoadOptions
from index.documents.text_loader import decoded_text
from index.errors import UnreadableDocument
from index.types import Document


class CodeLoader(ABC):
    """Loads source code. The title is the name of the file.

    The headings are signatures, and within blocks of kind `lines`: code has no blocks of kind
    `heading`.
    """

    language: ClassVar[Language]

    def load(self, content: bytes, options: LoadOptions) -> Content:
        # Imported here: the blocks of a stored document need no parser.
        from index.documents.code.headings import headings_in

        text, metadata, warning = decoded_text(content, options)
        if not text or text.isspace():
            raise UnreadableDocument("empty", "empty")
        check_written(text)
        headings = headings_in(text, self.language)
        blocks = code_blocks(text, headings, self.language)
        return Content(text, blocks, headings, metadata=metadata, warning=warning)

    def blocks(self, document: Document) -> Blocks:
        return code_blocks(document.text, document.headings, self.language)


class PythonLoader(CodeLoader):
    language = languages.PYTHON


class JavaScriptLoader(CodeLoader):
    language = languages.JAVASCRIPT


class TypeScriptLoader(CodeLoader):
    language = languages.TYPESCRIPT


class TsxLoader(CodeLoader):
    language = languages.TSX


class JavaLoader(CodeLoader):
    language = languages.JAVA


class CLoader(CodeLoader):
    language = languages.C


class CppLoader(CodeLoader):
    language = languages.CPP


class CSharpLoader(CodeLoader):
    language = languages.C_SHARP


class GoLoader(CodeLoader):
    language = languages.GO


class RustLoader(CodeLoader):
    language = languages.RUST


class RubyLoader(CodeLoader):
    language = languages.RUBY


class PhpLoader(CodeLoader):
    language = languages.PHP


class ShellLoader(CodeLoader):
    language = languages.SHELL


class SqlLoader(CodeLoader):
    language = languages.SQL


class KotlinLoader(CodeLoader):
    language = languages.KOTLIN


class SwiftLoader(CodeLoader):
    language = languages.SWIFT
