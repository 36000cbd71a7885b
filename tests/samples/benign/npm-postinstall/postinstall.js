console.log('Thank you for installing twin-postinstall.');
