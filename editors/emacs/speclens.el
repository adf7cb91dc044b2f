;;; speclens.el --- Speclens in Eglot  -*- lexical-binding: t; -*-

;; For Emacs 29 and later, which bring Eglot.  In your init file: (load "…/editors/emacs/speclens.el")

(defconst speclens-directory (file-name-directory (or load-file-name buffer-file-name)))

(defun speclens-contact (&rest _)
  "Speclens beside ty, where rass is there to join them; else alone.
Eglot runs one server for a buffer.  rass is one that runs several."
  (if (and (executable-find "rass") (executable-find "ty"))
      (list "rass" (expand-file-name "ty_speclens.py" speclens-directory))
    '("speclens" "server")))

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '((python-mode python-ts-mode) . speclens-contact)))

(provide 'speclens)
;;; speclens.el ends here
