#!/bin/sh
# Make the files of this folder from `sources`. README.md lists the tools and their versions.
# The result differs from the committed files where a tool writes dates or ids.
set -eu
cd "$(dirname "$0")"
P=$(mktemp -d)
trap 'rm -rf "$P"' EXIT
S=sources

# pandoc
for to in docx odt epub rst org ipynb; do pandoc $S/ferry.md -s -o "pandoc-ferry.$to"; done
pandoc $S/ferry.md -s -t latex -o pandoc-ferry.tex
pandoc $S/ferry.md -s -t asciidoc -o pandoc-ferry.adoc
pandoc $S/ferry.md -s -t html5 -o pandoc-ferry.html
pandoc $S/ferry.md -s -t plain -o pandoc-ferry.txt
pandoc $S/ferry.md -s -t commonmark_x -o pandoc-ferry.md
pandoc $S/languages.md -s -t docx -o pandoc-languages.docx
pandoc $S/languages.md -s -t epub2 -o pandoc-languages.epub
pandoc $S/slides.md -o pandoc-slides.pptx
pandoc $S/slides.md -s -t revealjs -o pandoc-slides.html

# PDF from LaTeX, by three engines
(cp $S/ferry.md "$P" && cd "$P" && pandoc ferry.md -s -V fontsize=12pt -V papersize=a5 -o latex.tex \
  && pdflatex -interaction=batchmode latex && pdflatex -interaction=batchmode latex \
  && latex -interaction=batchmode latex && dvips -q latex.dvi && ps2pdf latex.ps dvips.pdf)
cp "$P/latex.pdf" pdflatex-ferry.pdf
cp "$P/dvips.pdf" ghostscript-ferry.pdf
(cp $S/columns.tex "$P" && cd "$P" && pdflatex -interaction=batchmode columns \
  && dvipdfmx_="" && pdflatex -interaction=batchmode columns)
cp "$P/columns.pdf" pdflatex-columns.pdf

# LibreOffice
convert() { soffice --headless "-env:UserInstallation=file://$P/profile" --convert-to "$2" --outdir "$P/out" "$1"; }
convert pandoc-ferry.docx pdf && cp "$P/out/pandoc-ferry.pdf" libreoffice-ferry.pdf
convert pandoc-ferry.docx odt && cp "$P/out/pandoc-ferry.odt" libreoffice-ferry.odt
convert libreoffice-ferry.odt docx && cp "$P/out/libreoffice-ferry.docx" libreoffice-ferry.docx
convert pandoc-ferry.docx html && cp "$P/out/pandoc-ferry.html" libreoffice-ferry.html
convert pandoc-ferry.docx epub && cp "$P/out/pandoc-ferry.epub" libreoffice-ferry.epub
convert pandoc-languages.docx pdf && cp "$P/out/pandoc-languages.pdf" libreoffice-languages.pdf
convert pandoc-slides.pptx odp && cp "$P/out/pandoc-slides.odp" libreoffice-slides.odp
convert libreoffice-slides.odp pptx && cp "$P/out/libreoffice-slides.pptx" libreoffice-slides.pptx
convert pandoc-slides.pptx pdf && cp "$P/out/pandoc-slides.pdf" libreoffice-slides.pdf
convert $S/fares.csv xlsx && cp "$P/out/fares.xlsx" libreoffice-fares.xlsx
convert $S/fares.csv ods && cp "$P/out/fares.ods" libreoffice-fares.ods
convert libreoffice-fares.ods pdf && cp "$P/out/libreoffice-fares.pdf" libreoffice-fares.pdf
convert libreoffice-fares.ods csv:"Text - txt - csv (StarCalc):59,34,ANSI" && cp "$P/out/libreoffice-fares.csv" libreoffice-fares.csv
convert libreoffice-fares.ods html && cp "$P/out/libreoffice-fares.html" libreoffice-fares.html

# Browsers and renderers of HTML
chromium --headless --no-sandbox --user-data-dir="$P/chromium" --no-pdf-header-footer \
  --print-to-pdf="$P/chromium.pdf" "file://$PWD/pandoc-ferry.html"
cp "$P/chromium.pdf" chromium-ferry.pdf
chromium --headless --no-sandbox --user-data-dir="$P/chromium" \
  --print-to-pdf="$P/landscape.pdf" "file://$PWD/$S/landscape.html"
cp "$P/landscape.pdf" chromium-landscape.pdf
wkhtmltopdf -q --encoding utf-8 pandoc-ferry.html wkhtmltopdf-ferry.pdf
weasyprint -q pandoc-ferry.html weasyprint-ferry.pdf

# Others that write PDF
asciidoctor pandoc-ferry.adoc -o asciidoctor-ferry.html
asciidoctor-pdf pandoc-ferry.adoc -o asciidoctor-ferry.pdf
pandoc $S/ferry.md -s -t ms -o "$P/ferry.ms" && groff -ms -t -k -Tpdf "$P/ferry.ms" > groff-ferry.pdf
enscript -q -B -fTimes-Roman11 -o "$P/ferry.ps" pandoc-ferry.txt && ps2pdf "$P/ferry.ps" enscript-ferry.pdf
pandoc $S/ferry.md -s -t typst -o "$P/ferry.typ" 2> /dev/null || cp $S/ferry.typ "$P/ferry.typ"
python3 $S/pdfs.py "$P/ferry.typ"
img2pdf -o "$P/scan.pdf" "$P/page.png" 2> /dev/null || true
