// Says of the CGI programs when this server has none.
'use strict';

fetch('/cgi/health').then(answer => {
  if (answer.status === 200) return;
  for (const item of document.querySelectorAll('[data-cgi]')) {
    item.querySelector('a').removeAttribute('href');
    item.querySelector('.state').textContent = 'not on this server';
  }
}).catch(() => {});
