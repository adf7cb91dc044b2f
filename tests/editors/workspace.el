;;; workspace.el --- What Emacs does in its test  -*- lexical-binding: t; -*-

;; Run as `emacs --batch -Q -l speclens.el -l workspace.el': opens $SPECLENS_FILE with Eglot, and writes what a user would
;; see, step by step, as JSON into $SPECLENS_REPORT.  $SPECLENS_INSTALLS is the command that installs another package meanwhile.

(require 'cl-lib)
(require 'eglot)
(require 'json)

(defvar workspace-report nil "The steps, the last one first.")

(defun workspace-note (step value)
  (push (cons step value) workspace-report))

(defun workspace-wait (what done)
  "Wait until DONE answers something, which is the value; WHAT is for the message."
  (let ((limit (time-add nil 60)) value)
    (while (not (setq value (funcall done)))
      (when (time-less-p limit nil)
        (error "No %s" what))
      (accept-process-output nil 0.02))
    value))

(defun workspace-finding (diagnostic)
  "What is shown of a finding; the same in every editor's test."
  (let ((told (alist-get 'eglot-lsp-diag (flymake-diagnostic-data diagnostic)))
        (begin (flymake-diagnostic-beg diagnostic)))
    `((source . ,(plist-get told :source))
      (rule . ,(plist-get told :code))
      (line . ,(line-number-at-pos begin))
      (text . ,(buffer-substring-no-properties begin (flymake-diagnostic-end diagnostic)))
      (message . ,(flymake-diagnostic-text diagnostic)))))

(defun workspace-findings ()
  (mapcar #'workspace-finding (flymake-diagnostics)))

(defun workspace-rules (source)
  "The rules of a server's findings, in the order of the alphabet."
  (let ((own (cl-remove-if-not (lambda (finding) (equal (alist-get 'source finding) source)) (workspace-findings))))
    (string-join (sort (mapcar (lambda (finding) (alist-get 'rule finding)) own) #'string<) " ")))

(defun workspace-settle (step expected)
  "Wait until the rules EXPECTED are Speclens' findings, beside those of ty."
  ;; Eglot and Flymake wait for idle time, which does not come in batch.
  (when (eglot-managed-p)
    (eglot--signal-textDocument/didChange)
    (flymake-start))
  (unwind-protect
      (workspace-wait (format "%s: %s" step expected)
                      (lambda ()
                        (and (equal (workspace-rules "speclens") expected)
                             (string-search "invalid-assignment" (workspace-rules "ty")))))
    (workspace-note step (vconcat (workspace-findings)))))

(defun workspace-go-to (text)
  (goto-char (point-min))
  (search-forward text)
  (goto-char (match-beginning 0)))

(defun workspace-hover (text)
  "What ElDoc shows in its buffer."
  (workspace-go-to text)
  (eldoc t)
  (workspace-wait (concat "hover on " text)
                  (lambda ()
                    (let* ((buffer (ignore-errors (eldoc-doc-buffer)))
                           (shown (and buffer (with-current-buffer buffer (buffer-string)))))
                      (and shown (string-search "__spec__" shown) (substring-no-properties shown))))))

(defun workspace-apply (text title)
  "Execute the code action of this TITLE at TEXT."
  (workspace-go-to text)
  (let* ((actions (eglot-code-actions (point) (point)))
         (action (cl-find title actions :test #'equal :key (lambda (action) (plist-get action :title)))))
    (unless action
      (error "%s is not among %s" title (mapcar (lambda (action) (plist-get action :title)) actions)))
    (eglot-execute (eglot-current-server) action)))

(defun workspace-replace-line (text)
  (delete-region (line-beginning-position) (line-end-position))
  (insert text))

(defun workspace-run ()
  (setq eglot-confirm-server-edits nil)
  (find-file (getenv "SPECLENS_FILE"))
  (apply #'eglot (eglot--guess-contact))
  (workspace-wait "server" #'eglot-managed-p)
  (workspace-settle 'opened "import-raises module-without-spec")
  (workspace-note 'hover (workspace-hover "wares"))
  (workspace-apply "tills" "Import `tills` before `wares`")
  (workspace-settle 'fixed "module-without-spec")
  (workspace-note 'fixed_text (vconcat (cl-subseq (split-string (buffer-string) "\n") 1 3)))
  (workspace-go-to "title")
  (let ((line (buffer-substring (point) (line-end-position))))
    (workspace-replace-line "title = \"wares\"")
    (workspace-settle 'edited "")
    (workspace-replace-line line))
  (workspace-settle 'edited_back "module-without-spec")
  (with-temp-buffer
    (unless (eql 0 (call-process-shell-command (getenv "SPECLENS_INSTALLS") nil t))
      (error "%s" (buffer-string))))
  (workspace-settle 'installed "")
  (eglot-shutdown (eglot-current-server)))

(condition-case problem
    (workspace-run)
  (error (workspace-note 'problem (error-message-string problem))))
(with-temp-file (getenv "SPECLENS_REPORT")
  (insert (json-encode workspace-report)))
