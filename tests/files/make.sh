#!/bin/sh
# Make the files of `corpus` from `sources`: `sh make.sh FOLDER` writes them there. README.md lists the tools.
# The result differs from the committed files where a tool writes dates or ids.
set -eu
C=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")"
S=$PWD/sources
P=$(mktemp -d)
trap 'rm -rf "$P"' EXIT
cd "$C"

# pandoc
for to in docx odt epub rst org ipynb; do pandoc "$S/ferry.md" -s -o "pandoc-ferry.$to"; done
pandoc "$S/ferry.md" -s -t latex -o pandoc-ferry.tex
pandoc "$S/ferry.md" -s -t asciidoc -o pandoc-ferry.adoc
pandoc "$S/ferry.md" -s -t html5 -o pandoc-ferry.html
pandoc "$S/ferry.md" -s -t plain -o pandoc-ferry.txt
pandoc "$S/ferry.md" -s -t commonmark_x -o pandoc-ferry.md
pandoc "$S/languages.md" -s -t docx -o pandoc-languages.docx
pandoc "$S/languages.md" -s -t epub2 -o pandoc-languages.epub
pandoc "$S/slides.md" -o pandoc-slides.pptx
pandoc "$S/slides.md" -s -t revealjs -o pandoc-slides.html

# LaTeX
(
  cd "$P"
  pandoc "$S/ferry.md" -s -t latex -V fontsize=12pt -V papersize=a5 -o ferry.tex
  for _ in 1 2; do pdflatex -interaction=batchmode ferry; pdflatex -interaction=batchmode "$S/columns.tex"; done
  latex -interaction=batchmode ferry
  dvips -q ferry.dvi
  ps2pdf ferry.ps dvips.pdf
) > /dev/null
cp "$P/ferry.pdf" pdflatex-ferry.pdf
cp "$P/columns.pdf" pdflatex-columns.pdf
cp "$P/dvips.pdf" ghostscript-ferry.pdf

# LibreOffice
convert() { # FILE FORMAT RESULT [OPTION]
  soffice --headless "-env:UserInstallation=file://$P/profile" ${4:+"$4"} --convert-to "$2" --outdir "$P/out" "$1" > /dev/null
  name=$(basename "$1")
  cp "$P/out/${name%.*}.${2%%:*}" "$3"
}
convert pandoc-ferry.docx pdf libreoffice-ferry.pdf
convert pandoc-ferry.docx odt libreoffice-ferry.odt
convert pandoc-ferry.docx html libreoffice-ferry.html
convert pandoc-ferry.docx epub libreoffice-ferry.epub
convert libreoffice-ferry.odt docx libreoffice-ferry.docx
convert pandoc-languages.docx pdf libreoffice-languages.pdf
convert pandoc-slides.pptx odp libreoffice-slides.odp
convert pandoc-slides.pptx pdf libreoffice-slides.pdf
convert libreoffice-slides.odp pptx libreoffice-slides.pptx
convert "$S/fares.csv" xlsx libreoffice-fares.xlsx --infilter=CSV:44,34,76,1
convert "$S/fares.csv" ods libreoffice-fares.ods --infilter=CSV:44,34,76,1
convert libreoffice-fares.ods pdf libreoffice-fares.pdf
convert libreoffice-fares.ods "csv:Text - txt - csv (StarCalc):59,34,76" libreoffice-fares.csv
convert libreoffice-fares.ods html libreoffice-fares.html

# Other office programs
abiword --to=odt -o abiword-ferry.odt pandoc-ferry.docx
abiword --to=docx -o abiword-ferry.docx libreoffice-ferry.odt

# HTML to PDF
pandoc "$S/languages.md" -s -t html -o "$P/languages.html"
mkdir -p /srv/harbour && cp "$S/landscape.html" /srv/harbour # the page's address is on the printed page
print() { chromium --headless --no-sandbox "--user-data-dir=$P/chromium" "$@"; }
print --no-pdf-header-footer "--print-to-pdf=$C/chromium-ferry.pdf" "file://$C/pandoc-ferry.html"
print --no-pdf-header-footer "--print-to-pdf=$C/chromium-languages.pdf" "file://$P/languages.html"
print "--print-to-pdf=$C/chromium-landscape.pdf" file:///srv/harbour/landscape.html
wkhtmltopdf -q --encoding utf-8 pandoc-ferry.html wkhtmltopdf-ferry.pdf
weasyprint -q pandoc-ferry.html weasyprint-ferry.pdf

# Other writers of PDF
asciidoctor pandoc-ferry.adoc -o asciidoctor-ferry.html
asciidoctor-pdf pandoc-ferry.adoc -o asciidoctor-ferry.pdf
pandoc "$S/ferry.md" -s -t ms -o "$P/ferry.ms"
groff -ms -t -k -Tpdf "$P/ferry.ms" > groff-ferry.pdf
enscript -q -B -fTimes-Roman11 -o "$P/enscript.ps" pandoc-ferry.txt
ps2pdf "$P/enscript.ps" enscript-ferry.pdf
python3 "$S/pdfs.py" "$S/ferry.md"
pdftoppm -r 60 -gray -f 1 -l 1 -png pdflatex-ferry.pdf "$P/page"
img2pdf -o img2pdf-scan.pdf "$P"/page-*.png

# Manuals
pandoc "$S/ferry.md" -s -t man -V section=7 -o "$P/ferry.7"
mandoc -Thtml "$P/ferry.7" > mandoc-ferry.html
(cd "$P" && groff -man -t -k -Thtml ferry.7 > groff.html) && cp "$P/groff.html" groff-ferry.html
pandoc "$S/ferry.md" -s -t texinfo -o "$P/ferry.texi"
makeinfo --html --no-split -o makeinfo-ferry.html "$P/ferry.texi"
makeinfo --plaintext -o makeinfo-ferry.txt "$P/ferry.texi"
mkdir "$P/sphinx" && cp pandoc-ferry.rst "$P/sphinx/index.rst"
printf 'project = "Ferry handbook"\nauthor = "Ada Holm"\n' > "$P/sphinx/conf.py"
sphinx-build -q -b html "$P/sphinx" "$P/sphinx/out" && cp "$P/sphinx/out/index.html" sphinx-ferry.html

# Tables, subtitles, notebooks, encodings
for mode in csv tabs; do
  sqlite3 :memory: ".mode csv" ".import $S/fares.csv f" ".headers on" ".mode $mode" "select * from f" > "$P/fares.$mode"
done
cp "$P/fares.csv" sqlite-fares.csv && cp "$P/fares.tabs" sqlite-fares.tsv
sqlite3 :memory: ".mode csv" ".import $S/fares.csv f" ".mode json" "select * from f" | jq -c '.[]' > jq-fares.jsonl
for to in ods xlsx; do ssconvert sqlite-fares.csv "gnumeric-fares.$to"; done
for to in srt vtt; do ffmpeg -v error -y -i "$S/captions.srt" "ffmpeg-captions.$to"; done
python3 -m jupytext --to ipynb "$S/log.py" -o jupytext-log.ipynb
sed -n '/Deutsch/,/avant le/p' "$S/languages.md" | iconv -f utf8 -t cp1252 > iconv-cp1252.txt
pandoc "$S/languages.md" -t plain | iconv -f utf8 -t utf-16 > iconv-utf16.txt

# Mails
cp libreoffice-fares.xlsx "$P/fares.xlsx"
mpack -s "New timetable" -d "$S/note.txt" -o "$P/mail" \
  -c application/vnd.openxmlformats-officedocument.spreadsheetml.sheet "$P/fares.xlsx"
printf 'From: Ada Holm <ada@harbour.example>\nTo: crew@harbour.example\nDate: Tue, 12 Mar 2024 09:30:00 +0100\n' \
  | cat - "$P/mail" > mpack-timetable.eml
mkdir "$P/repository" && cd "$P/repository"
commit() { # DATE MESSAGE...
  GIT_AUTHOR_DATE=$1 GIT_COMMITTER_DATE=$1 git -c user.name="Ada Holm" -c user.email=ada@harbour.example \
    commit -q -a -m "$2" -m "$3"
}
git init -q . && cp "$S/note.txt" . && git add note.txt
commit 2024-03-12T09:30:00+01:00 "Announce the new timetable" \
  "The night crossing on Fridays is discontinued because too few passengers used it."
sed -i 's/5:20/5:25/' note.txt
commit 2024-03-14T10:00:00+01:00 "Correct the first departure" \
  "The bus from the station arrives at 5:15, so the ferry leaves at 5:25."
git format-patch -q --root --stdout > "$C/git-patches.mbox"
git format-patch -q -1 --stdout > "$C/git-patch.eml"
